package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/trivue/trivue/archive"
)

// Check is something without which the system cannot work.
type Check struct {
	Name string
	Do   func(ctx context.Context) error
}

// run does the check until ctx ends; a check that does not heed ctx goes on alone, and is marked as busy until it returns.
func (c Check) run(ctx context.Context, busy *atomic.Bool) checkResult {
	began := time.Now()
	failed := func(err error) checkResult {
		return checkResult{"failed", time.Since(began).Seconds(), err.Error()}
	}
	if !busy.CompareAndSwap(false, true) {
		return failed(errors.New("the check before this one has not returned yet"))
	}
	done := make(chan error, 1)
	go func() {
		defer busy.Store(false)
		done <- c.Do(ctx)
	}()
	select {
	case err := <-done:
		if err != nil {
			return failed(err)
		}
		return checkResult{Status: "ok", Seconds: time.Since(began).Seconds()}
	case <-ctx.Done():
		return failed(errors.New("it did not answer in time"))
	}
}

// FreeSpace checks that at least so many bytes can be written to a folder's disk.
func FreeSpace(folder string, least int64) Check {
	return Check{Name: "disk", Do: func(context.Context) error {
		var s syscall.Statfs_t
		if err := syscall.Statfs(folder, &s); err != nil {
			return fmt.Errorf("free space of %s: %w", folder, err)
		}
		if free := int64(s.Bavail) * s.Bsize; free < least {
			return fmt.Errorf("%s free in %s, and %s must stay free: make room, or use a larger disk", humanize.IBytes(uint64(free)), folder, humanize.IBytes(uint64(least)))
		}
		return nil
	}}
}

// readinessKey is of a small object that is always there: that it is not found means that a disk is not mounted or a bucket is
// another.
const readinessKey = "readiness"

// ArchiveReady checks that objects can be asked for: that one that the check has put there is still there.
func ArchiveReady(objects archive.Store) Check {
	const content = "Trivue keeps recordings here.\n"
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	var put atomic.Bool
	return Check{Name: "archive", Do: func(ctx context.Context) error {
		if !put.Load() {
			if err := objects.Put(ctx, readinessKey, strings.NewReader(content), int64(len(content)), sum); err != nil {
				return err
			}
			put.Store(true)
		}
		_, err := objects.Stat(ctx, readinessKey)
		return err
	}}
}
