package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
)

// ErrNotBuilt means that the program was built without its pages.
var ErrNotBuilt = errors.New("the front end is not built into this program: run make build")

// playback is a page that needs nothing beside it but media and sprites: a browser that opens it from disk may not fetch files,
// so the player, the timeline, waveforms and cues are inside. Data goes into an element of its own as JSON in which "<" is
// escaped, so that nothing in a file's name can end it.
var playback = template.Must(template.New("playback").Parse(`<!doctype html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>三视 Trivue</title>
<style>{{.Style}}</style>
</head>
<body>
<main id="player"></main>
<script type="application/json" id="playback">{{.Data}}</script>
<script>{{.Script}}</script>
</body>
</html>
`))

// playbackData is what the player reads from the page.
type playbackData struct {
	Timeline  json.RawMessage   `json:"timeline"`
	Waveforms map[string][]byte `json:"waveforms"` // base64, by file name
	Cues      map[string]string `json:"cues"`      // WebVTT, by file name
	Lang      string            `json:"lang,omitempty"`
}

// PlaybackPage makes index.html of a processed interview: it plays the files beside it in sync, from disk or from any static
// server. Lang is zh-CN or en; empty for the browser's.
func PlaybackPage(timelineJSON []byte, waveforms, cues map[string][]byte, lang string) ([]byte, error) {
	style, err := fs.ReadFile(dist, "dist/player/player.css")
	if err != nil {
		return nil, ErrNotBuilt
	}
	script, err := fs.ReadFile(dist, "dist/player/player.js")
	if err != nil {
		return nil, ErrNotBuilt
	}
	data := playbackData{Timeline: timelineJSON, Waveforms: waveforms, Cues: map[string]string{}, Lang: lang}
	for name, content := range cues {
		data.Cues[name] = string(content)
	}
	encoded, err := json.Marshal(data) // escapes <, > and &
	if err != nil {
		return nil, fmt.Errorf("playback page: %w", err)
	}
	var page bytes.Buffer
	err = playback.Execute(&page, map[string]any{
		"Lang": orDefault(lang, "zh-CN"), "Style": template.CSS(style), "Data": template.JS(encoded),
		"Script": template.JS(bytes.ReplaceAll(script, []byte("</script"), []byte(`<\/script`))),
	})
	if err != nil {
		return nil, fmt.Errorf("playback page: %w", err)
	}
	return page.Bytes(), nil
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
