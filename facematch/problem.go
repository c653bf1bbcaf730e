package facematch

// Problem is why a picture could not be looked at.
type Problem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string { return p.Detail }

// Codes of problems. Those up to Unsupported are the picture's: another one helps. The others are the machine's: support helps.
const (
	Empty       = "empty"
	NotPicture  = "not-a-picture"
	TooLarge    = "too-large"
	TooTiny     = "too-tiny"
	Damaged     = "damaged"
	Unsupported = "unsupported"

	NoModels    = "no-models"   // they are not installed; run trivue models fetch
	Timeout     = "timeout"     // the child was ended because it took too long
	Crashed     = "crashed"     // the child died
	Memory      = "memory"      // the child was ended because it took too much memory
	Unavailable = "unavailable" // no child could be started
)

// OfPicture reports whether another picture may do better.
func (p *Problem) OfPicture() bool {
	switch p.Code {
	case Empty, NotPicture, TooLarge, TooTiny, Damaged, Unsupported:
		return true
	}
	return false
}
