package jobs

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

func TestDepthsAndPing(t *testing.T) {
	w := newWorld(t, "a")
	opts := w.options(nil) // nobody takes tasks
	opts.SweepEvery = time.Hour
	s, _ := w.start(opts)
	require.NoError(t, s.Ping(t.Context()))
	waiting := func(d []Depth) (n int) {
		for _, q := range d {
			n += q.Waiting
		}
		return n
	}
	w.await(func() bool {
		d, err := s.Depths()
		return err == nil && len(d) == 2 && waiting(d) == 1
	}, "the inspection waits in a queue")
	require.NoError(t, s.enqueue(t.Context(), exam.Stage{AttemptID: attemptID, TakeID: "a", Name: exam.Sound}, time.Hour))
	d, err := s.Depths()
	require.NoError(t, err)
	assert.Equal(t, Depth{Queue: queueStages, Delayed: 1}, d[1])

}

func TestPingWithoutRedis(t *testing.T) {
	w := newWorld(t)
	opts := w.options(nil)
	opts.Redis = RedisSocket(filepath.Join(w.dir, "none.sock"))
	s, err := New(opts)
	require.NoError(t, err)
	require.ErrorContains(t, s.Ping(t.Context()), "redis")
	_, err = s.Depths()
	require.Error(t, err)
	require.NoError(t, s.Close())
}
