package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// recorded is a stretch of a file without a gap: file seconds From..To hold the scene from scene second Scene on, Rate scene
// seconds to each file second.
type recorded struct {
	From  float64 `json:"f0"`
	To    float64 `json:"f1"`
	Scene float64 `json:"T0"`
	Rate  float64 `json:"rate"`
}

// testCase is a pair of recordings and how they were made, as the simulator writes it.
type testCase struct {
	Name     string     `json:"-"`
	Folder   string     `json:"-"`
	Set      string     `json:"set"`
	Kind     string     `json:"kind"`
	Negative bool       `json:"neg"`
	LFile    string     `json:"l"`
	PFile    string     `json:"p"`
	Acoustic float64    `json:"acoustic"` // seconds that sound takes longer to OTHER's microphone than to REFERENCE's
	L        []recorded `json:"L"`
	P        []recorded `json:"P"`
}

func (c testCase) reference() string { return filepath.Join(c.Folder, c.LFile) }
func (c testCase) other() string     { return filepath.Join(c.Folder, c.PFile) }

// length is how long the longer file plays, in seconds.
func (c testCase) length() float64 {
	return math.Max(c.L[len(c.L)-1].To, c.P[len(c.P)-1].To)
}

// segment is a stretch of OTHER's media time with a counterpart: reference = Start + Rate·t for From ≤ t < To.
type segment struct {
	From, To, Start, Rate float64
}

func (s segment) at(t float64) float64 { return s.Start + s.Rate*t }

// segments is the true map, in order of OTHER's media time. It says which moment of the reference shows what is happening in a
// moment of OTHER: the extra path of the sound to OTHER's microphone (c.Acoustic) is what hearing it later means, and taken off.
func (c testCase) segments() []segment {
	if c.Negative {
		return nil
	}
	var all []segment
	for _, p := range c.P {
		for _, l := range c.L {
			// Scene time of t in OTHER is first + p.Rate·t.
			first := p.Scene - p.From*p.Rate - c.Acoustic
			from := math.Max(p.From, (l.Scene-first)/p.Rate)
			to := math.Min(p.To, (l.Scene+(l.To-l.From)*l.Rate-first)/p.Rate)
			if to <= from {
				continue
			}
			all = append(all, segment{From: from, To: to, Start: l.From + (first-l.Scene)/l.Rate, Rate: p.Rate / l.Rate})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].From < all[j].From })
	return all
}

// lookUp finds the segment that holds t.
func lookUp(segments []segment, t float64) (segment, bool) {
	for _, s := range segments {
		if s.From <= t && t < s.To {
			return s, true
		}
	}
	return segment{}, false
}

// readCases reads every case below folder, of the sets named in only (or of all where that is empty), in order of set and name.
func readCases(folder string, only []string) ([]testCase, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*", "*.json"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no cases in %s: make them with bench/align/sets.py", folder)
	}
	sort.Strings(paths)
	wanted := map[string]bool{}
	for _, set := range only {
		wanted[set] = true
	}
	var cases []testCase
	for _, path := range paths {
		set := filepath.Base(filepath.Dir(path))
		if len(wanted) > 0 && !wanted[set] {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		c := testCase{Name: strings.TrimSuffix(filepath.Base(path), ".json"), Folder: filepath.Dir(path), Set: set}
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if len(c.L) == 0 || len(c.P) == 0 {
			return nil, fmt.Errorf("%s: has no pieces: delete it and make the sets again", path)
		}
		c.Set = set
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("no cases of the sets %s in %s", strings.Join(only, ", "), folder)
	}
	return cases, nil
}
