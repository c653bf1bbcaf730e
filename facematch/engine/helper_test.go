package engine

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/trivue/trivue/facematch"
	"github.com/trivue/trivue/facematch/models"
	"github.com/trivue/trivue/pipeline/child/spawn"
)

// The test binary is its own child: started with "look" it is what `trivue look` is, with a recognizer that does what the picture's
// colour tells it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "look" {
		os.Exit(Main(func(set models.Set, scratch string) (Recognizer, error) {
			switch content, err := os.ReadFile(set.Descriptor); {
			case err != nil:
				return nil, err
			case string(content) == "broken":
				return nil, errors.New("this is not a model")
			case string(content) == "hangs":
				select {}
			case string(content) == "dies":
				dieAsCDoes()
			}
			return actor{}, nil
		}))
	}
	goleak.VerifyTestMain(m)
}

// What an actor does, by how bright the picture is.
type act uint8

const (
	finds     act = 20 * (1 + iota) // one face
	findsMany                       // more faces than an answer may have
	crashes                         // by a signal, as C code does
	panics
	hangs
	swells // resident memory
	quits  // ends without a word
	raves  // writes nonsense where messages go
	refuses
	spies // tries to reach what the sandbox closes
)

type actor struct{}

func (actor) Find(data []byte) ([]Found, error) {
	picture, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	grey := color.GrayModel.Convert(picture.At(picture.Bounds().Dx()/2, picture.Bounds().Dy()/2)).(color.Gray).Y
	switch act(20 * ((int(grey) + 10) / 20)) {
	case finds:
		return []Found{face(100)}, nil
	case findsMany:
		var all []Found
		for i := range 200 {
			all = append(all, face(i+1))
		}
		return all, nil
	case crashes:
		dieAsCDoes()
	case panics:
		panic("out of cheese")
	case hangs:
		select {}
	case swells:
		var kept [][]byte
		for {
			block := make([]byte, 8<<20)
			for i := 0; i < len(block); i += 4096 {
				block[i] = 1
			}
			kept = append(kept, block)
			_ = kept
		}
	case quits:
		os.Exit(0)
	case raves:
		fmt.Fprintln(os.NewFile(spawn.MessageDescriptor, ""), `{"id":1,"picture":{},"problem":{}}`)
		select {}
	case spies:
		return nil, spy()
	}
	return nil, errors.New("dlib would not have it")
}

// spy ends in the panic's text what could be reached, or in the facts that nothing could.
func spy() error {
	var reached []string
	for _, path := range []string{"/etc/passwd", "/proc/self/environ", "/", os.Getenv("TMPDIR")} {
		if f, err := os.Open(path); err == nil {
			f.Close()
			reached = append(reached, path)
		}
	}
	if fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); err == nil {
		unix.Close(fd)
		reached = append(reached, "the network")
	}
	if unix.Exec("/bin/true", []string{"true"}, nil) == nil {
		reached = append(reached, "a program")
	}
	return fmt.Errorf("reached: [%s]", strings.Join(reached, " "))
}

func dieAsCDoes() {
	// The Go runtime's handler has no say in what C code does.
	var byDefault [4]uint64 // struct kernel_sigaction: SIG_DFL, no flags, no mask
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGSEGV), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
	_ = unix.Kill(os.Getpid(), unix.SIGSEGV)
	select {}
}

// face is a face with eyes that far apart, in a picture of 640 × 640.
func face(eyes int) Found {
	f := Found{Box: image.Rect(200, 200, 200+2*eyes, 200+2*eyes)}
	f.Landmarks = [5]image.Point{{300 + eyes, 300}, {300 + eyes*2/3, 300}, {300, 300}, {300 + eyes/3, 300}, {300 + eyes/2, 300 + eyes/2}}
	f.Descriptor[0] = float32(eyes)
	return f
}

// picture is a JPEG that has an actor do something.
func picture(t testing.TB, what act) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 640, 640))
	for i := range m.Pix {
		m.Pix[i] = uint8(what)
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, m, nil))
	return b.Bytes()
}

// files is a set of models with that content.
func files(t testing.TB, content string) func() (models.Set, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return func() (models.Set, error) { return models.Set{Descriptor: path}, nil }
}

// newEngine has patience with a busy machine, unless told otherwise.
func newEngine(t testing.TB, change func(*Options)) *Engine {
	t.Helper()
	// The race detector reserves terabytes of address space.
	o := Options{Models: files(t, "fine"), Children: 1, Deadline: time.Minute, AddressSpace: -1}
	if change != nil {
		change(&o)
	}
	e := New(o)
	t.Cleanup(e.Close)
	return e
}

func requireProblem(t testing.TB, err error, code string) *facematch.Problem {
	t.Helper()
	var p *facematch.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, code, p.Code, p.Detail)
	return p
}
