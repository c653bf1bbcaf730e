package server

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"rsc.io/qr"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/interview"
	"github.com/trivue/trivue/store"
)

// phoneCodeLength is how long a binding code is valid.
const phoneCodeLength = 10 * time.Minute

// Codes are read off one screen and typed on another: no characters that look alike. Eight of 29 are 5·10^11, of which a few are valid
// at a time.
const (
	codeCharacters = "23456789ABCDEFGHJKMNPQRTUVWXY"
	codeLength     = 8
)

// phone gives what a candidate's page shows of the phone: the one that is there, and the code for one that is to join.
func (s *Server) phone(ctx context.Context, i interview.Interview) (*phoneView, error) {
	bound, err := s.boundPhone(ctx, i.Attempt)
	view := &phoneView{Bound: bound}
	if err != nil {
		return nil, err
	}
	now := s.opts.Now()
	if _, _, err := i.Apply(exam.Bind{}, now); err != nil {
		return view, nil // none can join now
	}
	code, err := s.opts.Store.PhoneCodeOf(ctx, i.Attempt.ID, now)
	if notFound(err) && bound != nil {
		return view, nil // nobody has asked for another one
	}
	if notFound(err) {
		code, err = s.makeCode(ctx, i.Attempt.ID)
	}
	if err != nil {
		return nil, err
	}
	view.Code, view.URL = code.Code, originOf(ctx)+"/phone?code="+url.QueryEscape(code.Code)
	view.QR, err = qrPicture(view.URL)
	return view, err
}

// askForPhone makes a code with which another phone can take the place of the one that is there.
func (s *Server) askForPhone(ctx context.Context, attemptID string) (stateView, error) {
	if err := s.mayReport("candidate "+attemptID, messageCost); err != nil {
		return stateView{}, err
	}
	if _, err := s.opts.Interviews.Do(ctx, attemptID, exam.AskForPhone{}); err != nil {
		return stateView{}, err
	}
	if _, err := s.makeCode(ctx, attemptID); err != nil {
		return stateView{}, err
	}
	// Once more: the page's stream may have been faster than the code.
	s.opts.Hub.AttemptChanged(attemptID)
	return s.state(ctx, attemptID)
}

// makeCode gives the code that binds a phone to an attempt.
func (s *Server) makeCode(ctx context.Context, attemptID string) (store.PhoneCode, error) {
	now := s.opts.Now()
	for {
		kept, err := s.opts.Store.EnsurePhoneCode(ctx, store.PhoneCode{AttemptID: attemptID, Code: newCode(), ExpiresAt: now.Add(phoneCodeLength)}, now)
		if errors.Is(err, store.ErrConflict) {
			continue // another attempt has it
		}
		return kept, err
	}
}

func newCode() string {
	var code strings.Builder
	for range codeLength {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(codeCharacters))))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		code.WriteByte(codeCharacters[n.Int64()])
	}
	return code.String()
}

// quiet is the width of the light margin that readers need (ISO/IEC 18004), in modules.
const quiet = 4

// qrPicture draws a text as a QR code, as a data: URL of an SVG.
func qrPicture(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for code.Black(x, y) { // outside of the code nothing is
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1H%dz", from+quiet, y+quiet, x-from, from+quiet)
			}
		}
	}
	size := code.Size + 2*quiet
	svg := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		size, size, size, size, path.String())
	return "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(svg)), nil
}
