// Command lettering draws the Chinese lines of the sample interview into lettering.png. The picture is kept in the repository,
// so that the sample looks the same on every machine and no font of many megabytes has to be shipped. Run it with go generate
// after changing a line.
//
// The letters are of Noto Sans CJK (SIL Open Font License 1.1, whose clause on documents leaves pictures of text free).
package main

import (
	"flag"
	"image"
	"image/color"
	"image/png"
	"log"
	"os"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The lines, one below the other, each in a row of its own. Package demo knows their order.
var lines = []string{"摄像头 Camera", "屏幕 Screen", "手机 Phone", "请讲一次你解决难题的经历。"}

// Size of a row, in pixels.
const (
	rowHeight = 60
	rowWidth  = 560
	fontSize  = 44
)

func main() {
	fontFile := flag.String("font", "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", "font collection that has Chinese")
	out := flag.String("o", "lettering.png", "picture to write")
	flag.Parse()
	if err := run(*fontFile, *out); err != nil {
		log.Fatal(err)
	}
}

func run(fontFile, out string) error {
	data, err := os.ReadFile(fontFile)
	if err != nil {
		return err
	}
	collection, err := opentype.ParseCollection(data)
	if err != nil {
		return err
	}
	f, err := collection.Font(2) // simplified Chinese
	if err != nil {
		return err
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: fontSize, DPI: 72})
	if err != nil {
		return err
	}
	picture := image.NewGray(image.Rect(0, 0, rowWidth, rowHeight*len(lines)))
	for i, line := range lines {
		d := font.Drawer{Dst: picture, Src: image.NewUniform(color.White), Face: face, Dot: fixed.P(0, i*rowHeight+rowHeight*3/4)}
		d.DrawString(line)
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(file, picture); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
