package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/trivue/trivue/archive"
)

// List implements archive.Store.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[archive.Info, error] {
	return func(yield func(archive.Info, error) bool) {
		// What is before the last slash names a folder, or nothing.
		dir := ""
		if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
			dir = prefix[:i]
			if archive.CheckKey(dir) != nil {
				return
			}
		}
		s.walk(ctx, dir, prefix, yield)
	}
}

// walk lists a folder and reports whether to go on.
func (s *Store) walk(ctx context.Context, dir, prefix string, yield func(archive.Info, error) bool) bool {
	if err := context.Cause(ctx); err != nil {
		yield(archive.Info{}, fmt.Errorf("list objects: %w", err))
		return false
	}
	entries, err := fs.ReadDir(s.root.FS(), path.Join(meta, dir))
	if err != nil {
		if errors.Is(absent(err), archive.ErrNotFound) {
			return true
		}
		yield(archive.Info{}, fmt.Errorf("list objects: %w", err))
		return false
	}
	// A folder comes where its keys come, which have a slash after its name: a-b is before a/b.
	name := func(e fs.DirEntry) string {
		if e.IsDir() {
			return e.Name() + "/"
		}
		return e.Name()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(name(a), name(b)) })
	for _, e := range entries {
		key := path.Join(dir, e.Name())
		if e.IsDir() {
			if folder := key + "/"; strings.HasPrefix(folder, prefix) || strings.HasPrefix(prefix, folder) {
				if !s.walk(ctx, key, prefix, yield) {
					return false
				}
			}
			continue
		}
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		info, err := s.Stat(ctx, key)
		if errors.Is(err, archive.ErrNotFound) {
			continue // deleted meanwhile
		}
		if !yield(info, err) || err != nil {
			return false
		}
	}
	return true
}
