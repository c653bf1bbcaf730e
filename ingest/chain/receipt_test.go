package chain

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/trivue/trivue/exam"
)

var aReceipt = Receipt{Take: "000102030405060708090a0b0c0d0e0f", AttemptID: "0193a0b2-attempt", Kind: exam.Camera, Bytes: 317, Chunks: 3,
	End: Link(bytes.Repeat([]byte{0xab}, 32))}

func newKey(t testing.TB) *Key {
	t.Helper()
	key, err := OpenKey(filepath.Join(t.TempDir(), "receipt.key"), "interviews.example")
	require.NoError(t, err)
	return key
}

func TestAReceiptHasSixLinesAndASignature(t *testing.T) {
	key := newKey(t)
	signed, err := key.Sign(aReceipt)
	require.NoError(t, err)
	lines := strings.Split(string(signed), "\n")
	assert.Equal(t, []string{"trivue receipt 1", "000102030405060708090a0b0c0d0e0f", "0193a0b2-attempt", "camera", "317 3", strings.Repeat("ab", 32), ""}, lines[:7],
		"as web/src/capture/sender.ts compares them")
	assert.True(t, strings.HasPrefix(lines[7], "— interviews.example "), lines[7])

	// Somebody else, who has only what was published.
	verifier, err := note.NewVerifier(key.Public())
	require.NoError(t, err)
	read, err := ParseReceipt(signed, note.VerifierList(verifier))
	require.NoError(t, err)
	assert.Equal(t, aReceipt, read)
	again, err := key.Sign(aReceipt)
	require.NoError(t, err)
	assert.Equal(t, signed, again)
}

func TestAReceiptThatIsNotTheServersIsRefused(t *testing.T) {
	key, other := newKey(t), newKey(t)
	signed, err := key.Sign(aReceipt)
	require.NoError(t, err)
	trusted := note.VerifierList(key.Verifier())
	_, err = ParseReceipt(signed, note.VerifierList(other.Verifier()))
	require.ErrorIs(t, err, ErrReceipt, "another key of the same name")
	for at := range signed {
		changed := bytes.Clone(signed)
		changed[at] ^= 1
		read, err := ParseReceipt(changed, trusted)
		if err == nil && bytes.HasPrefix(signed[at+1:], []byte("=")) {
			// The last character before base64's padding has bits that mean nothing: that is the same signature.
			require.Equal(t, aReceipt, read)
			continue
		}
		require.ErrorIs(t, err, ErrReceipt, "byte %d", at)
	}
	for name, text := range map[string]string{
		"nothing":         "\n",
		"another version": strings.Replace(aReceipt.Text(), "receipt 1", "receipt 2", 1),
		"a line more":     aReceipt.Text() + "more\n",
		"a line less":     strings.Replace(aReceipt.Text(), "camera\n", "", 1),
		"leading zero":    strings.Replace(aReceipt.Text(), "317 3", "0317 3", 1),
		"negative":        strings.Replace(aReceipt.Text(), "317 3", "-317 3", 1),
		"one number":      strings.Replace(aReceipt.Text(), "317 3", "317", 1),
		"upper case":      strings.ToUpper(aReceipt.Text()),
		"short link":      strings.Replace(aReceipt.Text(), "abab\n", "\n", 1),
		"long link":       strings.Replace(aReceipt.Text(), "abab\n", "ababab\n", 1),
		"a drone":         strings.Replace(aReceipt.Text(), "camera", "drone", 1),
		"no attempt":      strings.Replace(aReceipt.Text(), "0193a0b2-attempt", "", 1),
		"another take":    strings.Replace(aReceipt.Text(), "0001", "00g1", 1),
	} {
		signed, err := note.Sign(&note.Note{Text: text}, key.signer)
		require.NoError(t, err)
		_, err = ParseReceipt(signed, trusted)
		require.ErrorIs(t, err, ErrReceipt, name)
	}
}

func TestNothingAmbiguousIsSigned(t *testing.T) {
	key := newKey(t)
	for _, change := range []func(*Receipt){
		func(r *Receipt) { r.Take = "short" },
		func(r *Receipt) { r.AttemptID = "a\ncamera" },
		func(r *Receipt) { r.AttemptID = "" },
		func(r *Receipt) { r.Kind = "drone" },
		func(r *Receipt) { r.Bytes = -1 },
	} {
		r := aReceipt
		change(&r)
		_, err := key.Sign(r)
		require.Error(t, err)
	}
}

func TestTheKeyIsMadeOnceAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "receipt.key")
	keys := make([]*Key, 8)
	var all sync.WaitGroup
	for n := range keys {
		all.Go(func() {
			var err error
			keys[n], err = OpenKey(path, "")
			assert.NoError(t, err)
		})
	}
	all.Wait()
	for _, key := range keys {
		assert.Equal(t, keys[0].Public(), key.Public(), "who comes second uses the first one's")
	}
	assert.Equal(t, "trivue", keys[0].Name())
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing else is left behind")

	_, err = OpenKey(path, "other")
	require.ErrorContains(t, err, `named "trivue"`, "a renamed server must not end what its receipts are checked by")
	_, err = OpenKey(filepath.Join(t.TempDir(), "receipt.key"), "two words")
	require.ErrorContains(t, err, "cannot be a key's name")
}

func TestADamagedKeyIsNeverReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "receipt.key")
	_, err := OpenKey(path, "")
	require.NoError(t, err)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, damaged := range []string{"", "PRIVATE+KEY+trivue", string(whole[:60]), strings.Replace(string(whole), "trivue", "trivux", 1)} {
		require.NoError(t, os.WriteFile(path, []byte(damaged), 0o600))
		_, err := OpenKey(path, "")
		require.ErrorContains(t, err, "put it back from a backup", "%q", damaged)
		now, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, damaged, string(now))
	}
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	_, err = OpenKey(path, "")
	require.Error(t, err)
}

func FuzzReceipt(f *testing.F) {
	key := newKey(f)
	signed, err := key.Sign(aReceipt)
	require.NoError(f, err)
	f.Add(signed)
	f.Add([]byte(aReceipt.Text()))
	f.Add([]byte(aReceipt.Text() + "\n— trivue AAAAAAAA\n"))
	f.Add([]byte("trivue receipt 1\n\n\n\n0 0\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if r, err := parseText(string(text)); err == nil {
			require.Equal(t, string(text), r.Text(), "one receipt has one text")
		}
		if r, err := ParseReceipt(text, note.VerifierList(key.Verifier())); err == nil {
			require.Equal(t, aReceipt, r, "only what was signed")
		}
	})
}
