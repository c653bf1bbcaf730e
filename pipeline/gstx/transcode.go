package gstx

import (
	"context"
	"errors"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// Transcode encodes a track anew; see stage.Media.
func (m *Media) Transcode(ctx context.Context, track container.Track, src stage.Source, ready func(container.Track) error, sink func(container.Packet, []byte) error) (stage.Decoded, error) {
	return stage.Decoded{}, errors.New("encoding is not available yet")
}
