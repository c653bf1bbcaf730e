package gstx

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-gst/go-gst/gst"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// plugin is one of GStreamer's plugin files, and the elements that are used of it.
type plugin struct {
	file     string // libgst<file>.so
	pkg      string // Debian package that has it
	elements []string
}

// The plugins, by what they are for. Nothing else is ever loaded: not one of the other two hundred plugins can be reached from
// a recording.
var (
	corePlugins = []plugin{
		{"coreelements", "libgstreamer1.0-0", []string{"queue", "capsfilter"}},
		{"app", "gstreamer1.0-plugins-base", []string{"appsrc", "appsink"}},
	}
	soundPlugins = []plugin{
		{"audioconvert", "gstreamer1.0-plugins-base", []string{"audioconvert"}},
	}
	picturePlugins = []plugin{
		{"videoconvertscale", "gstreamer1.0-plugins-base", []string{"videoconvert", "videoscale"}},
		{"videofilter", "gstreamer1.0-plugins-good", []string{"videoflip"}},
	}
	decoderPlugins = []plugin{
		{"libav", "gstreamer1.0-libav", []string{"avdec_opus", "avdec_aac", "avdec_mp3", "avdec_h264", "avdec_h265", "avdec_mpeg4", "avdec_h263", "avdec_alac", "avdec_flac", "avdec_ac3", "avdec_eac3"}},
		{"opus", "gstreamer1.0-plugins-base", []string{"opusdec"}},
		{"vorbis", "gstreamer1.0-plugins-base", []string{"vorbisdec"}},
		{"mulaw", "gstreamer1.0-plugins-good", []string{"mulawdec"}},
		{"alaw", "gstreamer1.0-plugins-good", []string{"alawdec"}},
		{"gsm", "gstreamer1.0-plugins-bad", []string{"gsmdec"}},
		{"amrnb", "gstreamer1.0-plugins-ugly", []string{"amrnbdec"}},
		{"amrwbdec", "gstreamer1.0-plugins-ugly", []string{"amrwbdec"}},
		{"vpx", "gstreamer1.0-plugins-good", []string{"vp8dec", "vp9dec"}},
		{"aom", "gstreamer1.0-plugins-bad", []string{"av1dec"}},
		{"jpeg", "gstreamer1.0-plugins-good", []string{"jpegdec"}},
	}
	pictureEncoders = []plugin{
		{"vpx", "gstreamer1.0-plugins-good", []string{"vp8enc"}},
	}
	soundEncoders = []plugin{
		{"opus", "gstreamer1.0-plugins-base", []string{"opusenc"}},
		{"audioresample", "gstreamer1.0-plugins-base", []string{"audioresample"}},
	}
	// sampleEncoders are needed for the generated sample interview only.
	sampleEncoders = []plugin{
		{"x264", "gstreamer1.0-plugins-ugly", []string{"x264enc"}},
		{"libav", "gstreamer1.0-libav", []string{"avenc_aac"}},
	}
	allPlugins = join(corePlugins, soundPlugins, picturePlugins, decoderPlugins, pictureEncoders, soundEncoders, sampleEncoders)
)

// elementsFor lists the elements that the needs call for; none where nothing is decoded.
func elementsFor(needs stage.Needs) (names []string) {
	if len(needs.Decode) == 0 {
		return nil
	}
	add := func(lists ...[]plugin) {
		for _, p := range join(lists...) {
			names = append(names, p.elements...)
		}
	}
	add(corePlugins)
	for _, codec := range needs.Decode {
		if d := decoders[codec]; d.factory != "" {
			names = append(names, d.factory)
		}
		switch codec {
		case container.VP8, container.VP9, container.AV1, container.H264, container.HEVC, container.MPEG4, container.H263, container.MJPEG:
			add(picturePlugins)
		case container.Opus:
			add(soundPlugins)
			names = append(names, slowOpus)
		default:
			add(soundPlugins)
		}
	}
	for _, kind := range needs.Encode {
		if kind == container.Video {
			add(picturePlugins, pictureEncoders)
		} else {
			add(soundPlugins, soundEncoders)
		}
	}
	return names
}

func join(lists ...[]plugin) (all []plugin) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

var initialize = sync.OnceValue(func() error {
	// Without a registry GStreamer starts in some milliseconds and knows nothing; each plugin is then loaded by its file name.
	// With one, the first start scans all plugins of the machine (seconds, in helper processes), writes a cache into the home
	// folder, and children that start together all do it.
	if err := os.Setenv("GST_REGISTRY_DISABLE", "yes"); err != nil {
		return err
	}
	gst.Init(nil)
	return nil
})

var loaded struct {
	sync.Mutex
	files map[string]error // by plugin file
}

// load makes a plugin's elements available.
func load(p plugin) error {
	if err := initialize(); err != nil {
		return err
	}
	loaded.Lock()
	defer loaded.Unlock()
	if err, ok := loaded.files[p.file]; ok {
		return err
	}
	if loaded.files == nil {
		loaded.files = make(map[string]error)
	}
	err := loadFile(p)
	loaded.files[p.file] = err
	return err
}

func loadFile(p plugin) error {
	path, err := find(p)
	if err != nil {
		return err
	}
	// go-gst ends the process where a plugin's file cannot be opened, as it cannot once the sandbox is closed: it frees GStreamer's
	// error in the wrong way.
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("load GStreamer plugin: %w", err)
	}
	f.Close()
	if _, err := gst.LoadPluginFile(path); err != nil {
		return fmt.Errorf("load GStreamer plugin %s: %w", path, err)
	}
	return nil
}

// find gives the path of a plugin's file.
func find(p plugin) (string, error) {
	dirs, err := pluginDirs()
	if err != nil {
		return "", err
	}
	name := "libgst" + p.file + ".so"
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("GStreamer plugin %s not found in %s; Debian has it in the package %s", name, strings.Join(dirs, ", "), p.pkg)
}

// pluginDirs lists the folders of plugins: those of GStreamer's own environment variables, and the one beside the library
// that this process has loaded.
var pluginDirs = sync.OnceValues(func() ([]string, error) {
	var dirs []string
	for _, name := range []string{"GST_PLUGIN_PATH_1_0", "GST_PLUGIN_PATH", "GST_PLUGIN_SYSTEM_PATH_1_0", "GST_PLUGIN_SYSTEM_PATH"} {
		dirs = append(dirs, filepath.SplitList(os.Getenv(name))...)
	}
	library, err := loadedLibrary("libgstreamer-1.0.so")
	if err != nil {
		return nil, err
	}
	return append(dirs, filepath.Join(filepath.Dir(library), "gstreamer-1.0")), nil
})

// loadedLibrary finds the file of a shared library that is mapped into this process.
func loadedLibrary(prefix string) (string, error) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", prefix, err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if i := strings.IndexByte(lines.Text(), '/'); i >= 0 {
			if path := lines.Text()[i:]; strings.HasPrefix(filepath.Base(path), prefix) {
				return path, nil
			}
		}
	}
	return "", errors.Join(fmt.Errorf("%s is not among this process's libraries", prefix), lines.Err())
}

// installed tells for each element whether its plugin's file is there. Nothing is loaded for it, and it is found out once:
// inside the sandbox the files cannot be looked for.
var installed = sync.OnceValue(func() map[string]bool {
	there := make(map[string]bool)
	for _, p := range allPlugins {
		_, err := find(p)
		for _, e := range p.elements {
			there[e] = err == nil
		}
	}
	return there
})

// available reports whether an element can be made, loading its plugin if need be.
func available(element string) error {
	for _, p := range allPlugins {
		if !slices.Contains(p.elements, element) {
			continue
		}
		if err := load(p); err != nil {
			return err
		}
		if gst.Find(element) == nil {
			return fmt.Errorf("GStreamer's plugin %s lacks the element %s", p.file, element)
		}
		return nil
	}
	return fmt.Errorf("element %s is not in the table of plugins", element)
}

// Preload loads the plugins that the needs call for and makes one of each of their elements, so that no file has to be opened
// later. GStreamer is not even started where nothing is decoded: loading libav alone takes longer than copying twenty minutes of
// packets. That a decoder is not installed is no error here: CanDecode tells.
func (m *Media) Preload(needs stage.Needs) error {
	installed()
	for _, e := range elementsFor(needs) {
		if available(e) != nil {
			continue
		}
		if _, err := gst.NewElement(e); err != nil {
			return fmt.Errorf("make a first %s: %w", e, err)
		}
	}
	if len(needs.Decode) == 0 {
		return nil
	}
	return shed()
}

// Missing lists what is not installed of all that may be needed, each with the Debian package that has it.
func Missing() []string {
	var missing []string
	for _, p := range allPlugins {
		for _, e := range p.elements {
			if available(e) != nil {
				missing = append(missing, fmt.Sprintf("%s (Debian package %s)", e, p.pkg))
			}
		}
	}
	return missing
}
