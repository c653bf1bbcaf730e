package takes_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	waitAtMost = 30 * time.Second
	pollEvery  = 5 * time.Millisecond
	// asServer makes this program the server of a folder, which a test can kill.
	asServer = "TRIVUE_TEST_SERVE_TAKES"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(asServer); folder != "" {
		if err := serveFolder(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveFolder serves until standard input ends, which it does at the latest when the test does.
func serveFolder(folder string) error {
	g, err := newGround(context.Background(), folder)
	if err != nil {
		return err
	}
	s, err := g.serve(nil, nil)
	if err != nil {
		return err
	}
	if err := s.ingest.Sweep(context.Background()); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	go func() { _ = http.Serve(listener, s.handler) }()
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// process is a server that can be killed.
type process struct {
	command *exec.Cmd
	stdin   io.WriteCloser
}

func startProcess(t *testing.T, folder string) (process, string) {
	t.Helper()
	p := process{command: exec.Command(os.Args[0])}
	p.command.Env = append(os.Environ(), asServer+"="+folder)
	p.command.Stderr = os.Stderr
	stdout, err := p.command.StdoutPipe()
	require.NoError(t, err)
	p.stdin, err = p.command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.command.Start())
	t.Cleanup(p.kill)
	address, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return p, "http://" + strings.TrimSpace(address)
}

// kill ends it as kill −9 does.
func (p process) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

// A server that is killed in the middle of an append loses nothing that it has acknowledged, and goes on where it was.
func TestAKilledServerLosesNothingItHasSaidToHave(t *testing.T) {
	folder := t.TempDir()
	r := record(1, 200_000, 300_000, 100_000, 400_000, 250_000)
	b := browser{t: t, bearer: "a"}
	acknowledged, verified := 0, 0
	stored := filepath.Join(folder, "uploads", r.take)
	var p process
	for kill := 1; kill <= 4; kill++ {
		p, b.url = startProcess(t, folder)
		require.Equal(t, http.StatusCreated, b.begin(r).status)
		head := b.do(http.MethodHead, r.path(), nil)
		offset, err := strconv.Atoi(head.header.Get("Upload-Offset"))
		require.NoError(t, err)
		require.GreaterOrEqual(t, offset, acknowledged)
		kept, err := os.ReadFile(stored)
		require.NoError(t, err)
		require.Equal(t, r.media[:offset], kept, "byte for byte")
		said := b.chain(r, 0, nil).values(t)
		require.EqualValues(t, verified, said["chunks"])

		next := min(offset+100_000, len(r.media)-200_000)
		require.Equal(t, http.StatusNoContent, b.do(http.MethodPatch, r.path(), r.media[offset:next], "Upload-Offset", fmt.Sprint(offset)).status)
		acknowledged = next
		for verified < len(r.records) && covered(r, verified+1) <= next {
			verified++
		}
		said = b.chain(r, 0, r.file(0, verified)).values(t)
		require.EqualValues(t, verified, said["chunks"])
		require.GreaterOrEqual(t, said["bytes"], float64(covered(r, verified)))

		// Half a request is on the disk when the end comes.
		reader, writer := io.Pipe()
		gone := make(chan error)
		go func() {
			_, err := b.ask(http.MethodPatch, r.path(), reader, "Upload-Offset", fmt.Sprint(next))
			gone <- err
		}()
		_, err = writer.Write(r.media[next : next+50_000])
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			info, err := os.Stat(stored)
			return err == nil && info.Size() > int64(next)
		}, waitAtMost, pollEvery)
		p.kill()
		writer.CloseWithError(io.ErrUnexpectedEOF) // net/http waits for the rest of a body before it says that nobody hears it
		require.Error(t, <-gone)
	}

	p, b.url = startProcess(t, folder)
	require.Equal(t, http.StatusNoContent, b.send(r, len(r.media)).status)
	require.Equal(t, http.StatusOK, b.chain(r, verified, r.file(verified, len(r.records))).status)
	first := b.receipt(r)
	require.Equal(t, http.StatusOK, first.status, first.body)
	p.kill()
	_, b.url = startProcess(t, folder)
	assert.Equal(t, first.body, b.receipt(r).body, "a receipt is for good, and so is the key")
}

// covered is how many bytes the first so many records speak of.
func covered(r recording, records int) int {
	sum := 0
	for _, record := range r.records[:records] {
		sum += int(record.Size)
	}
	return sum
}
