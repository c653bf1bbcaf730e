package takes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/ingest/tus"
	"github.com/trivue/trivue/store"
)

// Safe is the server's word for what survives a power cut.
type Safe struct {
	Bytes  int64 `json:"bytes"`  // of media
	Chunks int64 `json:"chunks"` // records that fit the stored bytes, with the end
}

// Gap says from which record on the sender has to send: it began later, or spoke of media that is not here.
type Gap struct{ Chunks int64 }

func (g *Gap) Error() string { return fmt.Sprintf("the chain is here up to record %d", g.Chunks) }

// Differs says which record is not the one that is here, or does not fit the stored bytes: the take is to be sent under a new name.
type Differs struct{ Chunk int64 }

func (d *Differs) Error() string {
	return fmt.Sprintf("record %d differs from what is stored", d.Chunk)
}

// PutChain takes in records of a take's chain, from record number from on, as the bytes of the browser's file. It answers when what it
// says is durable. Records that are here already are compared; no records at all ask for the answer alone. Errors: *Gap, *Differs,
// ErrNotFound, chain.ErrMalformed.
func (s *Service) PutChain(ctx context.Context, grant tus.Grant, takeID string, from int64, raw []byte) (Safe, error) {
	records, err := chain.ParseRecords(raw)
	if err != nil {
		return Safe{}, err
	}
	if from < 0 {
		return Safe{}, fmt.Errorf("%w: they cannot begin at %d", chain.ErrMalformed, from)
	}
	defer s.locks.Lock(takeID)()
	take, err := s.findTake(ctx, grant, takeID)
	if err != nil {
		return Safe{}, err
	}
	// What the records speak of is made durable before they are, and both before anybody hears of it.
	durable, err := s.opts.Uploads.Sync(ctx, take.UploadID)
	unsafe := errors.Is(err, tus.ErrUnsafe)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return Safe{}, ErrNotFound
	case err != nil && !unsafe:
		return Safe{}, err
	}
	file := chainFile{path: s.opts.Uploads.ChainPath(take.UploadID), sync: s.opts.SyncPath}
	chained, err := s.chained(ctx, take, file, durable)
	if err != nil {
		return Safe{}, err
	}
	state := chained.state
	if from > state.Records {
		return Safe{}, &Gap{Chunks: state.Records}
	}
	overlap := min(int64(len(records)), state.Records-from)
	have, err := file.read(from, overlap)
	if err != nil {
		return Safe{}, err
	}
	if n := chain.Differ(have, raw); n >= 0 {
		return Safe{}, &Differs{Chunk: from + int64(n)}
	}
	if unsafe {
		s.log.Error("a take has to be sent again, because the disk did not keep it", "take", takeID)
		return Safe{}, &Differs{Chunk: state.Records}
	}
	added := records[overlap:]
	next, verdict := s.check(take, state, durable, added)
	if right := next.Records - state.Records; right > 0 {
		if err := file.append(state.Records, chain.EncodeRecords(added[:right])); err != nil {
			return Safe{}, err
		}
		s.ledger.advance(takeID, next)
	}
	if next.Ended {
		// A receipt is made from the row.
		if err := s.noteOne(ctx, takeID); err != nil {
			return Safe{}, err
		}
	}
	if verdict != nil {
		return Safe{}, verdict
	}
	return Safe{Bytes: durable, Chunks: next.Records}, nil
}

// chained gives how far a take's chain is, from memory where its file still has all of that.
func (s *Service) chained(ctx context.Context, take exam.Take, file chainFile, durable int64) (entry, error) {
	if e, ok := s.ledger.get(take.ID, s.opts.Now()); ok {
		size, err := file.size()
		if err != nil {
			return entry{}, err
		}
		if size >= e.state.Records*chain.RecordSize {
			return e, nil
		}
		s.ledger.forget(take.ID)
	}
	known, err := s.findChain(ctx, take.ID)
	if err != nil {
		return entry{}, err
	}
	e, err := s.resume(take, known, durable)
	if err != nil {
		return entry{}, err
	}
	s.ledger.put(take.ID, e)
	return e, nil
}

// check holds records against stored bytes, of which it reads what the records speak of. The state covers those that are right.
func (s *Service) check(take exam.Take, state chain.State, stored int64, added []chain.Record) (chain.State, error) {
	if len(added) == 0 {
		return state, nil
	}
	media, err := os.Open(s.opts.Uploads.DataPath(take.UploadID))
	if err != nil {
		return state, fmt.Errorf("read an upload: %w", err)
	}
	defer media.Close()
	next, err := state.Advance(io.NewSectionReader(media, state.Bytes, max(stored-state.Bytes, 0)), added)
	var mismatch *chain.Mismatch
	switch {
	case errors.As(err, &mismatch):
		return next, &Differs{Chunk: mismatch.Record}
	case errors.Is(err, chain.ErrShort) && take.State == exam.Uploading:
		return next, &Gap{Chunks: next.Records} // a power cut took back what was acknowledged; the page looks at the upload again
	case errors.Is(err, chain.ErrShort):
		return next, &Differs{Chunk: next.Records} // the upload will never have more
	}
	return next, err
}

func progressOf(s chain.State) store.ChainProgress {
	return store.ChainProgress{Records: s.Records, Bytes: s.Bytes, Link: s.Link.String(), Ms: int64(s.Ms), Whole: s.Ended}
}

// chainFile holds the records of a take that were found right.
type chainFile struct {
	path string
	sync func(path string) error
}

// state is how far the chain is: as the row says, unless the file has lost some of it.
func (f chainFile) state(take exam.Take, known store.Chain) (chain.State, error) {
	begin := chain.Begin(take.ID, string(take.Kind), known.MIME)
	if known.Progress.Records == 0 {
		return begin, nil
	}
	size, err := f.size()
	if err != nil || size == 0 {
		return begin, err
	}
	p := known.Progress
	if size >= p.Records*chain.RecordSize {
		link, err := chain.ParseLink(p.Link)
		if err != nil {
			return begin, fmt.Errorf("the row of take %s: %w", take.ID, err)
		}
		return chain.State{Records: p.Records, Bytes: p.Bytes, Link: link, Ms: uint32(p.Ms), Ended: p.Whole}, nil
	}
	raw, err := f.read(0, size/chain.RecordSize)
	if err != nil {
		return begin, err
	}
	records, err := chain.ParseRecords(raw)
	if err != nil {
		return begin, err
	}
	state := begin
	for _, r := range records {
		state = chain.State{Records: state.Records + 1, Bytes: state.Bytes + int64(r.Size), Link: r.Link, Ms: r.Ms, Ended: r.IsEnd()}
	}
	return state, nil
}

// size is how long the file is; 0 where there is none.
func (f chainFile) size() (int64, error) {
	info, err := os.Stat(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read a chain: %w", err)
	}
	return info.Size(), nil
}

// behind gives the whole records that lie behind the first so many, up to one that ends a take or is no record.
func (f chainFile) behind(records int64) ([]chain.Record, error) {
	size, err := f.size()
	if err != nil {
		return nil, err
	}
	raw, err := f.read(records, size/chain.RecordSize-records)
	if err != nil {
		return nil, err
	}
	for n := chain.RecordSize; n <= len(raw); n += chain.RecordSize {
		if last, err := chain.ParseRecords(raw[n-chain.RecordSize : n]); err == nil && last[0].IsEnd() {
			raw = raw[:n]
		}
	}
	return chain.ParseRecords(raw)
}

// read gives the bytes of so many records.
func (f chainFile) read(from, count int64) ([]byte, error) {
	if count <= 0 {
		return nil, nil
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, fmt.Errorf("read a chain: %w", err)
	}
	defer file.Close()
	raw := make([]byte, count*chain.RecordSize)
	if _, err := file.ReadAt(raw, from*chain.RecordSize); err != nil {
		return nil, fmt.Errorf("read a chain: %w", err)
	}
	return raw, nil
}

// append puts records behind the first so many, in place of whatever a crash left there, and makes them durable.
func (f chainFile) append(behind int64, raw []byte) error {
	_, statErr := os.Stat(f.path)
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("write a chain: %w", err)
	}
	if err = file.Truncate(behind * chain.RecordSize); err == nil {
		_, err = file.WriteAt(raw, behind*chain.RecordSize)
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = f.sync(f.path)
	}
	if err == nil && errors.Is(statErr, os.ErrNotExist) {
		err = f.sync(filepath.Dir(f.path))
	}
	if err != nil {
		return fmt.Errorf("write a chain: %w", err)
	}
	return nil
}
