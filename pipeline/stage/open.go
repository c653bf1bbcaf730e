package stage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/adts"
	"github.com/trivue/trivue/pipeline/container/amr"
	"github.com/trivue/trivue/pipeline/container/flac"
	"github.com/trivue/trivue/pipeline/container/mp3"
	"github.com/trivue/trivue/pipeline/container/mp4"
	"github.com/trivue/trivue/pipeline/container/ogg"
	"github.com/trivue/trivue/pipeline/container/wav"
	"github.com/trivue/trivue/pipeline/container/webm"
)

// sniffLength is how many bytes of a file are looked at to choose its demuxer. Enough for an EBML header with padding, and for
// telling text from noise.
const sniffLength = 4096

// File is an open recording.
type File struct {
	container.Reader
	f    *os.File
	size int64
}

func (f *File) Close() error { return f.f.Close() }

// Open opens a recording by what its first bytes are; its name says nothing.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, Unreadable(err)
	}
	reader, size, err := openReader(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &File{Reader: reader, f: f, size: size}, nil
}

func openReader(f *os.File) (container.Reader, int64, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, Unreadable(err)
	}
	if info.IsDir() {
		return nil, 0, &container.UnusableError{Reason: container.Unreadable, Detail: "it is a folder"}
	}
	head, err := headOf(f)
	if err != nil {
		return nil, 0, Unreadable(err)
	}
	format, err := container.Sniff(head)
	if err != nil {
		return nil, 0, err
	}
	reader, err := openAs(format, f, info.Size())
	if err != nil {
		return nil, 0, fmt.Errorf("open as %s: %w", format, err)
	}
	return reader, info.Size(), nil
}

// headOf gives a file's first bytes behind the tags that programs put in front of sound.
func headOf(f *os.File) ([]byte, error) {
	head := make([]byte, sniffLength)
	for at := int64(0); ; {
		n, err := f.ReadAt(head, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		tag := container.ID3Size(head[:n])
		if tag == 0 {
			return head[:n], nil
		}
		at += tag
	}
}

func openAs(format container.Format, f *os.File, size int64) (container.Reader, error) {
	switch format {
	case container.MP4:
		return mp4.Open(f, size)
	case container.WAV:
		return wav.Open(f, size)
	case container.MP3File:
		return mp3.Open(f, size)
	case container.Ogg:
		return ogg.Open(f, size)
	case container.FLACFile:
		return flac.Open(f, size)
	case container.ADTS:
		return adts.Open(f, size)
	case container.AMRFile:
		return amr.Open(f, size)
	default:
		return webm.Open(f, size)
	}
}

// Unreadable turns an operating system's refusal into a reason that can be shown.
func Unreadable(err error) error {
	detail := err.Error()
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		detail = pathErr.Err.Error()
	}
	return &container.UnusableError{Reason: container.Unreadable, Detail: detail}
}

// Explain turns an error of a stage's function into the failure that its parent is told. The codes are those of exam.Problem.
func Explain(err error) *Failure {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure
	}
	var unusable *container.UnusableError
	if errors.As(err, &unusable) {
		return &Failure{Problem: exam.Problem{Code: string(unusable.Reason), Detail: unusable.Detail, Again: true}}
	}
	if diskFull(err) {
		return &Failure{Problem: exam.Problem{Code: "disk-full", Detail: "the disk of the work folder is full", Retry: true}}
	}
	return &Failure{Problem: exam.Problem{Code: "internal", Detail: err.Error(), Retry: true}}
}
