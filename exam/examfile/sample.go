package examfile

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"text/template"
	"time"
)

//go:embed sample
var sampleFiles embed.FS

// SampleExam says what the sample folder is to be.
type SampleExam struct {
	Rehearsal bool
	// Starts is the start of what is no rehearsal, in the zone in which it is to be written.
	Starts time.Time
}

// ID is the identifier of the sample exam.
func (s SampleExam) ID() string {
	if s.Rehearsal {
		return "rehearsal"
	}
	return "sample-exam"
}

// Title is the title of the sample exam.
func (s SampleExam) Title() string {
	if s.Rehearsal {
		return "模拟面试"
	}
	return "示例面试"
}

// sampleCandidates are invented.
var sampleCandidates = [][3]string{{"20260001", "张示例", "12345X"}, {"20260002", "李演示", "040126"}, {"20260003", "欧阳样本", "2718"}}

// SampleTicket gives ticket and number's tail of a candidate of the sample.
func SampleTicket() (ticket, tail string) { return sampleCandidates[0][0], sampleCandidates[0][2] }

// ErrNotEmpty means that a sample would have been written among other files.
var ErrNotEmpty = errors.New("the folder is not empty: name a new one")

// Sample writes a folder that can be imported as it is, with comments in Chinese, for people to start from. The folder is made; one
// with something in it is ErrNotEmpty.
func Sample(dir string, s SampleExam) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s: %w", dir, ErrNotEmpty)
	}
	files := map[string][]byte{}
	for name, path := range map[string]string{ExamFile: "exam.yaml", "pledge.md": "pledge.md", "attachments/notice.md": "notice.md"} {
		if files[name], err = sampleFiles.ReadFile("sample/" + path); err != nil {
			return err
		}
	}
	page, err := template.New(ExamFile).Parse(string(files[ExamFile]))
	if err != nil {
		return err
	}
	var filled bytes.Buffer
	err = page.Execute(&filled, map[string]any{"ID": s.ID(), "Title": s.Title(), "Rehearsal": s.Rehearsal, "Starts": s.Starts.Format(time.RFC3339)})
	if err != nil {
		return err
	}
	files[ExamFile] = filled.Bytes()
	// With a byte order mark Excel takes it for UTF-8.
	list := bytes.NewBufferString("\ufeffticket,name,id_tail,photo\r\n")
	for n, c := range sampleCandidates {
		photo := fmt.Sprintf("photos/%s.png", c[0])
		fmt.Fprintf(list, "%s,%s,%s,%s\r\n", c[0], c[1], c[2], photo)
		if files[photo], err = samplePhoto(n); err != nil {
			return err
		}
	}
	files[CandidatesFile] = list.Bytes()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o640); err != nil {
			return err
		}
	}
	return nil
}

// samplePhoto draws a head and shoulders in the size of a passport photo: nobody's face belongs into a program.
func samplePhoto(n int) ([]byte, error) {
	const width, height = 295, 413
	palette := color.Palette{color.RGBA{0x43, 0x8e, 0xdb, 0xff}, color.RGBA{0xf0, 0xd0, 0xb4, 0xff}, color.RGBA{0x30, 0x38, uint8(0x50 + 0x30*n), 0xff}}
	inside := func(x, y, cx, cy, rx, ry int) bool {
		dx, dy := float64(x-cx)/float64(rx), float64(y-cy)/float64(ry)
		return dx*dx+dy*dy < 1
	}
	img := image.NewPaletted(image.Rect(0, 0, width, height), palette)
	for y := range height {
		for x := range width {
			switch {
			case inside(x, y, width/2, 170, 62, 82):
				img.SetColorIndex(x, y, 1)
			case inside(x, y, width/2, 150, 70, 84), inside(x, y, width/2, 410, 130, 120):
				img.SetColorIndex(x, y, 2)
			}
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, img)
	return out.Bytes(), err
}
