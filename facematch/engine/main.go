package engine

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/trivue/trivue/facematch"
	"github.com/trivue/trivue/facematch/models"
	"github.com/trivue/trivue/facematch/photo"
	"github.com/trivue/trivue/pipeline/child/sandbox"
	"github.com/trivue/trivue/pipeline/child/spawn"
)

// Recognizer finds and describes faces; it need not be safe for several goroutines.
type Recognizer interface {
	// Find gives all faces of a picture, in any order. The picture is a JPEG that package photo wrote.
	Find(jpeg []byte) ([]Found, error)
}

// Found is a face as a Recognizer gives it, in pixels of the picture that it got.
type Found struct {
	Box        image.Rectangle
	Landmarks  [len(facematch.Landmarks{})]image.Point
	Descriptor facematch.Descriptor
}

// Opener loads the models of a set; scratch is a folder that it may write into.
type Opener func(set models.Set, scratch string) (Recognizer, error)

// Main is the child's side: it loads the models, closes its sandbox, and looks at pictures until standard input ends. It returns the
// exit status for os.Exit.
func Main(open Opener) int {
	notes := os.NewFile(spawn.MessageDescriptor, "messages")
	// Without a parent the descriptor may be free, or be one that the Go runtime has opened for itself.
	if info, err := notes.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		fmt.Fprintln(os.Stderr, "this command is run by Trivue itself, to look for faces")
		return 2
	}
	syscall.CloseOnExec(spawn.MessageDescriptor)
	in := bufio.NewReaderSize(os.Stdin, 64<<10)
	recognizer, hello, err := prepare(in, open)
	if err != nil {
		hello = greeting{Failure: err.Error()}
	}
	if err := errors.Join(err, send(notes, hello)); err != nil {
		return 1
	}
	if err := serve(in, notes, recognizer, hello.Model); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// prepare loads everything that is needed from the file system, and then gives the file system up.
func prepare(in *bufio.Reader, open Opener) (Recognizer, greeting, error) {
	var o order
	if err := receive(in, &o); err != nil {
		return nil, greeting{}, fmt.Errorf("read the order: %w", err)
	}
	const none = -1
	limits := sandbox.Limits{CPU: none, AddressSpace: o.AddressSpace, FileSize: 0, OpenFiles: 64, Threads: none}
	if err := limits.Impose(); err != nil {
		return nil, greeting{}, err
	}
	model, err := models.ObjectOf(o.Models.Descriptor)
	if err != nil {
		return nil, greeting{}, fmt.Errorf("read a face model: %w", err)
	}
	recognizer, err := open(o.Models, o.Scratch)
	if err != nil {
		return nil, greeting{}, err
	}
	return recognizer, greeting{Model: model, Sandbox: sandbox.Close(sandbox.Policy{})}, nil
}

func serve(in *bufio.Reader, out io.Writer, recognizer Recognizer, model string) error {
	for {
		var r request
		if err := receive(in, &r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		if r.Bytes < 0 || r.Bytes > photo.MaxBytes {
			return fmt.Errorf("a request of %d bytes", r.Bytes)
		}
		data := make([]byte, r.Bytes)
		if _, err := io.ReadFull(in, data); err != nil {
			return fmt.Errorf("read a picture: %w", err)
		}
		began := time.Now()
		a := answer{ID: r.ID}
		picture, err := look(data, recognizer)
		var problem *facematch.Problem
		switch {
		case err == nil:
			picture.Model = model
			a.Picture = &picture
		case errors.As(err, &problem):
			a.Problem = problem
		default:
			return err
		}
		a.Took = time.Since(began)
		if err := send(out, a); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
}

// look decodes a picture, has its faces found, and measures them.
func look(data []byte, recognizer Recognizer) (facematch.Picture, error) {
	p, err := photo.Decode(data)
	if err != nil {
		return facematch.Picture{}, err
	}
	jpeg, err := p.JPEG()
	if err != nil {
		return facematch.Picture{}, err
	}
	found, err := recognizer.Find(jpeg)
	if err != nil {
		return facematch.Picture{}, err
	}
	picture := facematch.Picture{Width: p.Width, Height: p.Height, Light: p.Light(), Faces: []facematch.Face{}}
	for _, f := range found {
		picture.Faces = append(picture.Faces, measured(p, f))
	}
	slices.SortStableFunc(picture.Faces, func(a, b facematch.Face) int { return -cmp.Compare(a.Quality.Size, b.Quality.Size) })
	picture.Faces = picture.Faces[:min(len(picture.Faces), maxFaces)]
	return picture, nil
}

// measured turns what was found in the scaled picture into what is true of the picture as it came.
func measured(p *photo.Photo, f Found) facematch.Face {
	scale := p.Scale()
	size := f.Box.Size()
	face := facematch.Face{
		Box:        facematch.Box{X: float64(f.Box.Min.X) * scale, Y: float64(f.Box.Min.Y) * scale, Width: float64(size.X) * scale, Height: float64(size.Y) * scale},
		Descriptor: f.Descriptor,
	}
	for i, at := range f.Landmarks {
		face.Landmarks[i] = facematch.Point{X: float64(at.X) * scale, Y: float64(at.Y) * scale}
	}
	face.Quality = facematch.Quality{Size: facematch.SizeOf(face.Landmarks), Pose: facematch.PoseOf(face.Landmarks)}
	p.Measure(f.Box, &face.Quality)
	return face
}
