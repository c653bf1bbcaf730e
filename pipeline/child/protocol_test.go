package child

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/child/spawn"
)

func TestReadLine(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	r := bufio.NewReader(strings.NewReader("one\n\n" + long + "\nhalf"))
	for _, want := range []string{"one", "", long} {
		line, err := readLine(r)
		require.NoError(t, err)
		require.Equal(t, want, string(line))
	}
	_, err := readLine(r)
	require.Equal(t, io.ErrUnexpectedEOF, err, "half a line is none")
	_, err = readLine(r)
	require.Equal(t, io.EOF, err)
}

func TestLinesAreBounded(t *testing.T) {
	endless := bufio.NewReader(io.MultiReader(bytes.NewReader(make([]byte, maxLine)), strings.NewReader("x\n")))
	_, err := readLine(endless)
	require.ErrorIs(t, err, errLineTooLong)
	require.ErrorIs(t, writeLine(io.Discard, strings.Repeat("x", maxLine)), errLineTooLong)
}

// FuzzMessage gives the parent's reader what a child that was taken over may write: it must neither panic nor take a message
// that it could not have written itself.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"progress":0.5}`, `{"result":null}`, `{"result":{"a":[1,2]}}`, `{"sandbox":[{"name":"landlock","active":true,"detail":""}]}`,
		`{"failure":{"code":"no-index","detail":"x","again":true,"diagnostics":"y"}}`, `{}`, `[]`, `{"progress":1e999}`,
		`{"progress":1,"result":1}`, `{"progress":1}{"progress":2}`, "\x00", `{"Progress":-1}`,
	} {
		f.Add([]byte(seed + "\n"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := bufio.NewReaderSize(bytes.NewReader(data), 16)
		for {
			line, err := readLine(lines)
			if err != nil {
				return
			}
			m, err := decodeMessage(line)
			if err != nil {
				continue
			}
			var again bytes.Buffer
			require.NoError(t, writeLine(&again, m))
			require.Equal(t, 1, bytes.Count(again.Bytes(), []byte("\n")))
		}
	})
}

func TestTailKeepsTheEnd(t *testing.T) {
	var short, long spawn.Tail
	io.WriteString(&short, "all of it")
	require.Equal(t, "all of it", short.String())
	for range 1000 {
		io.WriteString(&long, strings.Repeat("é", 100))
	}
	io.WriteString(&long, "the end\xff")
	require.True(t, strings.HasPrefix(long.String(), "…"))
	require.True(t, strings.HasSuffix(long.String(), "the end�"))
	require.LessOrEqual(t, len(long.String()), spawn.TailSize+16)
}
