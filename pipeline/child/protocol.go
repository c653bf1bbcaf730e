package child

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/trivue/trivue/pipeline/child/sandbox"
	"github.com/trivue/trivue/pipeline/stage"
)

// What goes between parent and child, one JSON object a line:
//
//	parent → child, standard input:  an order, then nothing until the line "end" or the end of the stream
//	child → parent, descriptor 3:    messages; the last one has a result or a failure

// endLine asks the child to end in good order; so does the end of its standard input, which a killed parent leaves behind.
const endLine = "end"

// maxLine bounds a line in either direction, in bytes. The largest results are a few hundred kilobytes.
const maxLine = 16 << 20

// order is what a child is started for.
type order struct {
	Job    stage.Job `json:"job"`
	Limits Limits    `json:"limits"`
	// Scratch is a folder for temporary files, writable besides Job.Output.
	Scratch string `json:"scratch"`
}

// message is one line from the child. One field is set.
type message struct {
	Progress *float64        `json:"progress,omitempty"`
	Sandbox  sandbox.Status  `json:"sandbox,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Failure  *stage.Failure  `json:"failure,omitempty"`
}

var errLineTooLong = fmt.Errorf("a line is longer than %d bytes", maxLine)

// readLine gives the next line without its end, io.EOF after the last. A line that the stream ends in the middle of is
// io.ErrUnexpectedEOF: half a message means nothing.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, errLineTooLong
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

// decodeMessage refuses what is not exactly one known message: a child that has been taken over may write anything.
func decodeMessage(line []byte) (message, error) {
	var m message
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return message{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return message{}, errors.New("more than one value in a line")
	}
	set := 0
	for _, is := range []bool{m.Progress != nil, m.Sandbox != nil, m.Result != nil, m.Failure != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return message{}, fmt.Errorf("%d fields are set, not one", set)
	}
	return m, nil
}

func writeLine(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(line) >= maxLine {
		return errLineTooLong
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
