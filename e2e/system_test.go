// Package e2e tests the built program as its users meet it: the real binary, a real browser, real servers.
package e2e

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/demo"
	"github.com/trivue/trivue/pipeline/gstx"
)

const password = "end-to-end"

// binary gives the program to test: TRIVUE_BINARY, or bin/trivue of this tree.
func binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("TRIVUE_BINARY")
	if path == "" {
		path = filepath.Join("..", "bin", "trivue")
	}
	if _, err := os.Stat(path); err != nil {
		missing(t, "the program is not built (make build): %v", err)
	}
	absolute, err := filepath.Abs(path)
	require.NoError(t, err)
	return absolute
}

// missing skips where something is not installed, and fails where everything has to be.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("TRIVUE_REQUIRE_ALL") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// system is a running "trivue serve".
type system struct {
	cmd     *exec.Cmd
	address string
	data    string
	ended   chan error
}

var opens = regexp.MustCompile(`Open\s+(http\S+)`)

// start runs the server on free ports of loopback, with its own data folder, and waits until it says where it is.
func start(t *testing.T, data string, flags ...string) *system {
	t.Helper()
	args := append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--ops-listen=", "--admin-password", password, "--log-level", "info"}, flags...)
	s := &system{cmd: exec.Command(binary(t), args...), data: data, ended: make(chan error, 1)}
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	log := &tail{}
	s.cmd.Stderr = log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, s.cmd.Start())
	address := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := opens.FindStringSubmatch(lines.Text()); m != nil {
				address <- m[1]
			}
		}
		s.ended <- s.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("the server said:\n%s", log)
		}
	})
	select {
	case s.address = <-address:
	case err := <-s.ended:
		t.Fatalf("the server ended at once: %v\n%s", err, log)
	case <-time.After(time.Minute):
		t.Fatalf("the server did not say where it is\n%s", log)
	}
	return s
}

// kill ends the server as a power cut does, and waits until it is gone.
func (s *system) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Kill())
	<-s.ended
}

// stop asks the server to end and gives its exit error.
func (s *system) stop(t *testing.T) error {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.ended:
		return err
	case <-time.After(time.Minute):
		t.Fatal("the server does not end")
		return nil
	}
}

// tail keeps the end of what a process says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (b *tail) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	if len(b.text) > 1<<16 {
		b.text = b.text[len(b.text)-1<<15:]
	}
	return len(p), nil
}

func (b *tail) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text)
}

// interview generates the sample interview once for all tests.
var interview = sync.OnceValues(func() (demo.Interview, error) {
	dir, err := os.MkdirTemp("", "trivue-e2e-")
	if err != nil {
		return demo.Interview{}, err
	}
	return demo.Generate(context.Background(), gstx.New(), dir, demo.Options{Seconds: 40, Seed: 3}, func(float64) {})
})

// needsBrowser skips a test where there is no time or no browser for it.
func needsBrowser(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	for _, program := range []string{"node", "chromium"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, "%s is not installed (make setup-test)", program)
		}
	}
}

func sample(t *testing.T) demo.Interview {
	t.Helper()
	made, err := interview()
	require.NoError(t, err)
	return made
}

func TestMain(m *testing.M) {
	code := m.Run()
	if made, err := interview(); err == nil && len(made.Takes) > 0 {
		os.RemoveAll(filepath.Dir(made.Takes[0].File))
	}
	os.Exit(code)
}

// client is signed in as the administrator.
type client struct {
	t       *testing.T
	address string
	cookie  string
}

func signIn(t *testing.T, address string) *client {
	t.Helper()
	c := &client{t: t, address: address}
	answer, err := http.Post(address+"/api/session", "application/json", strings.NewReader(`{"name":"admin","password":"`+password+`"}`))
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	for _, cookie := range answer.Cookies() {
		c.cookie = cookie.Name + "=" + cookie.Value
	}
	return c
}

func (c *client) do(method, path, body string, headers map[string]string) *http.Response {
	c.t.Helper()
	r, err := http.NewRequest(method, c.address+path, strings.NewReader(body))
	require.NoError(c.t, err)
	r.Header.Set("Cookie", c.cookie)
	r.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	return answer
}

func (c *client) text(method, path, body string) string {
	c.t.Helper()
	answer := c.do(method, path, body, nil)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(c.t, err)
	require.Less(c.t, answer.StatusCode, 300, "%s %s: %s", method, path, text)
	return string(text)
}

func filesOf(made demo.Interview) []string {
	var all []string
	for _, kind := range exam.Kinds {
		for _, f := range made.Files[kind] {
			all = append(all, string(kind)+"="+f)
		}
	}
	return all
}
