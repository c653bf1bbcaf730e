package server

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// What a phone says is shown to others: whatever it sends, what is kept reads back as the same, and is bounded.
func FuzzPhoneStatus(f *testing.F) {
	for _, seed := range []string{
		`{"run":"r","stage":"film","recording":true,"take":"0123456789abcdef0123456789abcdef","battery":{"level":0.5,"charging":true},"network":{"online":true,"type":"wifi","downlink":1.5,"rtt":50},"unsent":{"bytes":1,"seconds":0.5},"trouble":"dark","camera":{"facing":"user","width":1,"height":2},"picture":{"bright":1,"steady":false},"space":"low"}`,
		`{"stage":"done","space":"full"}`, `{"stage":"film","space":"enough","unsent":{"bytes":-1}}`, `{"stage":"film","space":"enough","battery":{"level":1e400}}`, `null`, `[]`, `{"stage":"\ud800","space":"enough"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		status, err := readPhoneStatus(data)
		if err != nil {
			return
		}
		kept, err := json.Marshal(status)
		if err != nil {
			t.Fatalf("it cannot be kept: %v", err)
		}
		if len(kept) > largestPhoneStatus {
			t.Fatalf("it has %d bytes", len(kept))
		}
		again, err := readPhoneStatus(kept)
		if err != nil {
			t.Fatalf("it cannot be read again: %v: %s", err, kept)
		}
		if same, _ := json.Marshal(again); !bytes.Equal(kept, same) {
			t.Fatalf("%s became %s", kept, same)
		}
	})
}

func FuzzCode(f *testing.F) {
	for _, seed := range []string{"K7QF2MRT", " k7qf-2mrt ", "Ｋ７ＱＦ　２ＭＲＴ", "K7QF—2MRT", "K7QF2MR", "0OIL1111", "", "ſſſſſſſſ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := readCode(typed)
		if !ok {
			return
		}
		if len(code) != codeLength || strings.Trim(code, codeCharacters) != "" {
			t.Fatalf("%q is no code", code)
		}
		if again, ok := readCode(code); !ok || again != code {
			t.Fatalf("%q became %q", code, again)
		}
	})
}
