package engine

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trivue/trivue/facematch"
	"github.com/trivue/trivue/facematch/models"
	"github.com/trivue/trivue/pipeline/child/sandbox"
)

// What goes between parent and child. docs/faces.md is the contract.
//
//	parent → child, standard input:  an order (a line); then for each picture a request (a line) and its bytes
//	child → parent, descriptor 3:    a greeting (a line); then for each picture an answer (a line)

// order is what a child is started for.
type order struct {
	Models       models.Set `json:"models"`
	Scratch      string     `json:"scratch"`
	AddressSpace int64      `json:"addressSpace"`
}

// greeting is a child's first word: it is ready, or why it cannot be.
type greeting struct {
	Model   string         `json:"model,omitempty"` // name of the descriptor model's content
	Sandbox sandbox.Status `json:"sandbox,omitempty"`
	Failure string         `json:"failure,omitempty"`
}

// request announces a picture.
type request struct {
	ID    int64 `json:"id"`
	Bytes int   `json:"bytes"`
}

// answer is what became of a request. One of Picture and Problem is set.
type answer struct {
	ID      int64              `json:"id"`
	Picture *facematch.Picture `json:"picture,omitempty"`
	Problem *facematch.Problem `json:"problem,omitempty"`
	Took    time.Duration      `json:"took"`
}

// maxFaces bounds the faces of an answer; the largest are kept.
const maxFaces = 64

// maxLine bounds a line in either direction, in bytes: a face takes about 3 KiB.
const maxLine = 1 << 20

// readLine gives the next line without its end; half a line is io.ErrUnexpectedEOF.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, fmt.Errorf("a line is longer than %d bytes", maxLine)
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(line, []byte("\n")), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(line) > 0:
			return nil, io.ErrUnexpectedEOF
		default:
			return nil, err
		}
	}
}

// receive reads exactly one value.
func receive(r *bufio.Reader, into any) error {
	line, err := readLine(r)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("not a message: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("not a message: more than one value in a line")
	}
	return nil
}

func send(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
