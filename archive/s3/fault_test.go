package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/archive/s3"
)

// proxy stands between client and service and harms what passes.
type proxy struct {
	address string
	target  string
	// Each is asked once per connection, and gives the reader to use in place of that from the client or from the service.
	fromClient, fromService atomic.Pointer[func(io.Reader) io.Reader]
	connections             atomic.Int32

	mu   sync.Mutex
	open map[net.Conn]bool
}

func newProxy(t *testing.T, endpoint string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{address: "http://" + l.Addr().String(), target: strings.TrimPrefix(endpoint, "http://"), open: map[net.Conn]bool{}}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.connections.Add(1)
			wg.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.cut()
		wg.Wait()
	})
	return p
}

// serve passes bytes on until either side ends, and then cuts both.
func (p *proxy) serve(client net.Conn) {
	service, err := net.Dial("tcp", p.target)
	if err != nil {
		client.Close()
		return
	}
	p.mu.Lock()
	p.open[client], p.open[service] = true, true
	p.mu.Unlock()
	var wg sync.WaitGroup
	pass := func(to, from net.Conn, through *atomic.Pointer[func(io.Reader) io.Reader]) {
		var r io.Reader = from
		if f := through.Load(); f != nil {
			r = (*f)(from)
		}
		_, _ = io.Copy(to, struct{ io.Reader }{r})
		client.Close()
		service.Close()
	}
	wg.Go(func() { pass(service, client, &p.fromClient) })
	wg.Go(func() { pass(client, service, &p.fromService) })
	wg.Wait()
	p.mu.Lock()
	delete(p.open, client)
	delete(p.open, service)
	p.mu.Unlock()
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

// cutAfter ends a connection when n bytes have passed.
func cutAfter(n int64) *func(io.Reader) io.Reader {
	f := func(r io.Reader) io.Reader {
		return io.MultiReader(io.LimitReader(r, n), iotest.ErrReader(errors.New("cut")))
	}
	return &f
}

// throughProxy opens a bucket whose connections go through a proxy, and the same bucket directly.
func throughProxy(t *testing.T) (*proxy, *s3.Store, *s3.Store, func() []string) {
	t.Helper()
	o, server := options(t)
	direct := open(t, o)
	p := newProxy(t, server.Endpoint)
	o.Endpoint = p.address
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	o.HTTPClient = &http.Client{Transport: transport}
	harmed := open(t, o)
	// What a test sets is asked for new connections only.
	transport.CloseIdleConnections()
	return p, harmed, direct, func() []string { return residue(t, server, o.Bucket) }
}

// A reader whose connection is cut every few hundred kilobytes gets all bytes all the same.
func TestReadingSurvivesCuts(t *testing.T) {
	p, harmed, direct, _ := throughProxy(t)
	b := content(3 << 20)
	require.NoError(t, direct.Put(t.Context(), "object", bytes.NewReader(b), int64(len(b)), sum(b)))
	before := p.connections.Load()
	p.fromService.Store(cutAfter(300_000))
	o, err := harmed.Open(t.Context(), "object")
	require.NoError(t, err)
	got, err := io.ReadAll(o)
	require.NoError(t, err)
	require.True(t, bytes.Equal(b, got))
	require.NoError(t, o.Close())
	require.Greater(t, p.connections.Load()-before, int32(10), "it was cut indeed")
}

func TestReadingGivesUp(t *testing.T) {
	p, harmed, direct, _ := throughProxy(t)
	b := content(1 << 20)
	require.NoError(t, direct.Put(t.Context(), "object", bytes.NewReader(b), int64(len(b)), sum(b)))
	o, err := harmed.Open(t.Context(), "object")
	require.NoError(t, err)
	defer o.Close()
	first := make([]byte, 1000)
	_, err = io.ReadFull(o, first)
	require.NoError(t, err)
	p.fromService.Store(cutAfter(0))
	p.cut()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = harmed.Open(ctx, "object")
	require.ErrorIs(t, err, context.Canceled)
	rest, err := io.ReadAll(o)
	require.ErrorContains(t, err, "read object object at byte")
	require.True(t, bytes.Equal(b[1000:1000+len(rest)], rest), "what came before the cut is right")
	p.fromService.Store(nil)
	rest2, err := io.ReadAll(o)
	require.NoError(t, err)
	require.True(t, bytes.Equal(b, append(append(first, rest...), rest2...)), "reading goes on when the service is back")
}

func TestReplacedAfterCut(t *testing.T) {
	p, harmed, direct, _ := throughProxy(t)
	b := content(2 << 20)
	require.NoError(t, direct.Put(t.Context(), "object", bytes.NewReader(b), int64(len(b)), sum(b)))
	p.fromService.Store(cutAfter(100_000))
	o, err := harmed.Open(t.Context(), "object")
	require.NoError(t, err)
	defer o.Close()
	_, err = io.ReadFull(o, make([]byte, 50_000))
	require.NoError(t, err)
	other := bytes.Repeat([]byte("x"), len(b))
	require.NoError(t, direct.Put(t.Context(), "object", bytes.NewReader(other), int64(len(other)), sum(other)))
	rest, err := io.ReadAll(o)
	require.ErrorIs(t, err, archive.ErrConflict)
	require.True(t, bytes.Equal(b[50_000:50_000+len(rest)], rest), "no byte of the other object")

	require.NoError(t, direct.Put(t.Context(), "gone", bytes.NewReader(b), int64(len(b)), sum(b)))
	o, err = harmed.Open(t.Context(), "gone")
	require.NoError(t, err)
	defer o.Close()
	require.NoError(t, direct.Delete(t.Context(), "gone"))
	_, err = o.Read(make([]byte, 1))
	require.ErrorIs(t, err, archive.ErrNotFound)
}

// The service goes away in the middle of an upload. It is tried again by the SDK, then given up; nothing is visible, and what
// arrived is removed as soon as the service can be reached, at the latest by AbortStale.
func TestCutWhileWriting(t *testing.T) {
	for name, size := range map[string]int{"Single": 2 << 20, "Multipart": 12 << 20} {
		t.Run(name, func(t *testing.T) {
			p, harmed, direct, residue := throughProxy(t)
			b := content(size)
			p.fromClient.Store(cutAfter(1 << 20))
			err := harmed.Put(t.Context(), "object", bytes.NewReader(b), int64(size), sum(b))
			require.Error(t, err)
			require.NotErrorIs(t, err, archive.ErrChecksum)
			_, err = direct.Stat(t.Context(), "object")
			require.ErrorIs(t, err, archive.ErrNotFound)
			require.NoError(t, direct.AbortStale(t.Context(), time.Now().Add(time.Hour)))
			require.Empty(t, residue())

			// Connections that break now and then only cost time.
			var n atomic.Int32
			now := func(r io.Reader) io.Reader {
				if n.Add(1)%2 == 1 {
					return (*cutAfter(1 << 20))(r)
				}
				return r
			}
			p.fromClient.Store(&now)
			require.NoError(t, harmed.Put(t.Context(), "object", bytes.NewReader(b), int64(size), sum(b)))
			info, err := direct.Stat(t.Context(), "object")
			require.NoError(t, err)
			require.Equal(t, sum(b), info.SHA256)
		})
	}
}

// flipper changes one bit of what passes.
type flipper struct {
	io.Reader
	at int
}

func (f *flipper) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if f.at >= 0 && f.at < n {
		p[f.at] ^= 1
	}
	f.at -= n
	return n, err
}

// A bit that changes on the way is noticed by the service, and the object does not become visible.
func TestBitFlippedOnTheWay(t *testing.T) {
	for name, size := range map[string]int{"Single": 2 << 20, "Multipart": 12 << 20} {
		t.Run(name, func(t *testing.T) {
			p, harmed, direct, residue := throughProxy(t)
			b := content(size)
			flip := func(r io.Reader) io.Reader { return &flipper{r, 1 << 20} }
			p.fromClient.Store(&flip)
			err := harmed.Put(t.Context(), "object", bytes.NewReader(b), int64(size), sum(b))
			require.ErrorIs(t, err, archive.ErrChecksum)
			_, err = direct.Stat(t.Context(), "object")
			require.ErrorIs(t, err, archive.ErrNotFound)
			require.Empty(t, residue())
		})
	}
}

// A bit that changes on the way back is noticed by who reads all.
func TestBitFlippedOnTheWayBack(t *testing.T) {
	p, harmed, direct, _ := throughProxy(t)
	b := content(200_000)
	require.NoError(t, direct.Put(t.Context(), "object", bytes.NewReader(b), int64(len(b)), sum(b)))
	flip := func(r io.Reader) io.Reader { return &flipper{r, 150_000} }
	p.fromService.Store(&flip)
	o, err := harmed.Open(t.Context(), "object")
	require.NoError(t, err)
	defer o.Close()
	_, err = io.ReadAll(o)
	require.ErrorIs(t, err, archive.ErrChecksum)
}

// AbortStale leaves alone what was begun later, and what has ended.
func TestAbortStale(t *testing.T) {
	o, server := options(t)
	s := open(t, o)
	b := content(12 << 20)
	half := make(chan struct{})
	goOn := make(chan struct{})
	r := io.MultiReader(bytes.NewReader(b[:11<<20]), signalReader{half, goOn}, bytes.NewReader(b[11<<20:]))
	done := make(chan error, 1)
	go func() { done <- s.Put(t.Context(), "object", r, int64(len(b)), sum(b)) }()
	<-half
	require.NoError(t, s.AbortStale(t.Context(), time.Now().Add(-time.Hour)))
	close(goOn)
	require.NoError(t, <-done)
	require.NoError(t, s.AbortStale(t.Context(), time.Now().Add(time.Hour)))
	info, err := s.Stat(t.Context(), "object")
	require.NoError(t, err)
	require.Equal(t, sum(b), info.SHA256)
	require.Len(t, residue(t, server, o.Bucket), 1)
}

// signalReader gives nothing, but says when it is asked, and waits.
type signalReader struct{ asked, goOn chan struct{} }

func (r signalReader) Read([]byte) (int, error) {
	close(r.asked)
	<-r.goOn
	return 0, io.EOF
}
