package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/exam/examfile"
	"github.com/trivue/trivue/store"
)

type examCommand struct {
	Import   examImportCommand   `cmd:"" help:"Import an exam from a folder, or change the one that was imported from it before."`
	List     examListCommand     `cmd:"" help:"List the exams."`
	Template examTemplateCommand `cmd:"" help:"Write a sample folder for import, with comments in Chinese, to start from."`
}

type examImportCommand struct {
	Dir    string `arg:"" help:"Folder with exam.yaml, candidates.csv, photos and documents." type:"existingdir"`
	DryRun bool   `help:"Say what would change, and change nothing."`
	databaseFlags
	S3 s3Flags `embed:"" prefix:"s3-"`
}

// Run imports a folder, also while the server runs. What is wrong with the folder is printed line by line on standard error.
func (c examImportCommand) Run(ctx context.Context) error {
	root, err := os.OpenRoot(c.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	folder := root.FS()
	content, problems := examfile.Read(folder, time.Now())
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, filepath.Join(c.Dir, filepath.FromSlash(p.File))+strings.TrimPrefix(p.String(), p.File))
	}
	if n := problems.Errors(); n > 0 {
		return fmt.Errorf("nothing was imported from %s: correct the errors above (%d) first", c.Dir, n)
	}
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	i := importing{content: content, folder: folder, store: db}
	var changes store.Changes
	if c.DryRun {
		changes, err = i.dryRun(ctx)
	} else {
		if i.objects, err = openArchive(ctx, c.Data, c.S3); err != nil {
			return err
		}
		changes, err = i.run(ctx)
	}
	if errors.Is(err, store.ErrState) {
		return fmt.Errorf("%w; nothing was imported", err)
	} else if err != nil {
		return err
	}
	c.report(content, changes)
	return nil
}

func (c examImportCommand) report(content examfile.Content, changes store.Changes) {
	state := "unchanged"
	switch {
	case changes.Created:
		state = "new"
	case len(changes.Settings) > 0:
		state = "changed: " + strings.Join(changes.Settings, ", ")
	}
	fmt.Printf("%s  %s (%s)\n", content.Exam.ID, content.Exam.Title, state)
	fmt.Printf("  starts       %s\n", startOf(content.Exam))
	for _, part := range []struct {
		name string
		of   store.Difference
	}{{"candidates", changes.Candidates}, {"questions", changes.Questions}, {"attachments", changes.Attachments}} {
		fmt.Printf("  %-12s %s\n", part.name, tell(part.of))
	}
	switch {
	case changes.None():
		fmt.Println("Everything was there already.")
	case c.DryRun:
		fmt.Println("Nothing was changed: this was a dry run.")
	default:
		fmt.Println("Imported.")
	}
}

// tell says how many of a list were added, changed and removed, and which.
func tell(d store.Difference) string {
	var parts []string
	for _, part := range []struct {
		what  string
		names []string
	}{{"added", d.Added}, {"changed", d.Changed}, {"removed", d.Removed}} {
		names, more := part.names, ""
		if len(names) == 0 {
			continue
		}
		if len(names) > 10 {
			names, more = names[:10], ", …"
		}
		parts = append(parts, fmt.Sprintf("%d %s (%s%s)", len(part.names), part.what, strings.Join(names, ", "), more))
	}
	if d.Unchanged > 0 || len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("%d unchanged", d.Unchanged))
	}
	return strings.Join(parts, ", ")
}

// startOf gives the start in the zone in which it is given.
func startOf(e exam.Exam) string {
	switch {
	case e.Rehearsal:
		return "always open (rehearsal)"
	case e.StartsAt.IsZero():
		return "no start"
	default:
		return e.StartsAt.Format("2006-01-02 15:04:05 -07:00")
	}
}

type examListCommand struct{ databaseFlags }

// Run lists the exams, the latest start first.
func (c examListCommand) Run(ctx context.Context) error {
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	exams, err := db.Exams(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTARTS\tCANDIDATES\tQUESTIONS\tTITLE")
	for _, e := range exams {
		attempts, err := db.Attempts(ctx, e.ID)
		if err != nil {
			return err
		}
		items, err := db.QuestionItems(ctx, e.ID)
		if err != nil {
			return err
		}
		e.StartsAt = e.StartsAt.Local()
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n", e.ID, startOf(e), len(attempts), len(items), e.Title)
	}
	return table.Flush()
}

type examTemplateCommand struct {
	Dir       string `arg:"" help:"Folder to make." type:"path"`
	Rehearsal bool   `help:"An exam that is always open, to try everything out (模拟面试)."`
}

// Run writes the sample folder.
func (c examTemplateCommand) Run() error {
	beijing := time.FixedZone("", 8*3600)
	day := time.Now().In(beijing).AddDate(0, 0, 7)
	err := examfile.Sample(c.Dir, examfile.SampleExam{Rehearsal: c.Rehearsal, Starts: time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 0, 0, beijing)})
	if errors.Is(err, examfile.ErrNotEmpty) {
		return &exitError{2, err}
	} else if err != nil {
		return err
	}
	fmt.Printf("%s is written. Change its files, then run: trivue exam import %s --dry-run\n", c.Dir, c.Dir)
	return nil
}
