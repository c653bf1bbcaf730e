// Command align measures `trivue align` against pairs of recordings whose true relation is known (made by sets.py beside it), and
// other methods on the same pairs in the same run. It prints a table for each, and writes them as Markdown and JSON.
//
//	go run ./bench/align [--quick] [--seeds tuned|fresh|third] [--only SET]... [--method trivue,bbc,xcorr] [--worst N]
//
// What is measured is written in docs/alignment.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/term"
)

// list is a flag that may be given more than once, or with commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }
func (l *list) Set(s string) error {
	*l = append(*l, strings.Split(s, ",")...)
	return nil
}

type options struct {
	cache, binary, peers string
	quick                bool
	seeds                string
	only, methods        list
	worst, jobs          int
}

func main() {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "the quick set of short cases")
	flag.StringVar(&o.seeds, "seeds", "tuned", "whose seeds and voices: tuned, fresh or third; see plan.py")
	flag.Var(&o.only, "only", "this set only; may be given more than once")
	flag.Var(&o.methods, "method", "trivue (default), bbc or xcorr; may be given more than once")
	flag.IntVar(&o.worst, "worst", 0, "list so many of the worst cases with what was answered and what is true")
	flag.IntVar(&o.jobs, "jobs", 1, "pairs at a time; with more than one the CPU times are a little higher")
	flag.StringVar(&o.cache, "cache", ".cache/bench-align", "where sets.py has put the sets, and answers are kept")
	flag.StringVar(&o.binary, "trivue", "bin/trivue", "the program to measure")
	flag.StringVar(&o.peers, "peers", "bench/align/peers.py", "the program that runs the other methods")
	flag.Parse()
	log.SetFlags(0)
	log.SetPrefix("bench-align: ")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, o options) error {
	size := o.seeds + "-full"
	if o.quick {
		size = o.seeds + "-quick"
	}
	cases, err := readCases(filepath.Join(o.cache, size), o.only)
	if err != nil {
		return err
	}
	byName := map[string]testCase{}
	for _, c := range cases {
		byName[c.Name] = c
	}
	if len(o.methods) == 0 {
		o.methods = list{"trivue"}
	}
	for _, name := range o.methods {
		var m method
		switch name {
		case "trivue":
			m, err = trivueMethod(o.binary)
		case "bbc", "xcorr":
			m, err = peerMethod(name, o.peers)
		default:
			err = fmt.Errorf("no method %q: there are trivue, bbc and xcorr", name)
		}
		if err != nil {
			return err
		}
		scores, err := askAll(ctx, m, cases, filepath.Join(o.cache, "answers", size), o.jobs)
		if err != nil {
			return err
		}
		fmt.Printf("\n%s, %s sets, %d cases\n\n", name, size, len(cases))
		positive, negative := summaries(scores)
		print(os.Stdout, positive, negative, table.text)
		worst(os.Stdout, scores, byName, o.worst)
		if len(o.only) > 0 {
			continue // a part must not replace the whole
		}
		if err := keep(filepath.Join(o.cache, "results", name+"-"+size), scores, positive, negative); err != nil {
			return err
		}
	}
	return nil
}

// askAll scores every case, jobs of them at a time, and returns the scores in the order of the cases.
func askAll(ctx context.Context, m method, cases []testCase, folder string, jobs int) ([]caseScore, error) {
	scores := make([]caseScore, len(cases))
	failures := make([]error, len(cases))
	next := make(chan int)
	var workers sync.WaitGroup
	for range max(1, jobs) {
		workers.Go(func() {
			for i := range next {
				o, err := ask(ctx, m, cases[i], folder)
				failures[i] = err
				scores[i] = score(cases[i], o.Answer)
				scores[i].Failure, scores[i].CPU, scores[i].PeakMB = o.Failure, o.CPU, o.PeakMB
			}
		})
	}
	progress := term.IsTerminal(int(os.Stderr.Fd()))
	for i := range cases {
		if ctx.Err() != nil {
			break
		}
		next <- i
		if progress {
			fmt.Fprintf(os.Stderr, "\r%s %d/%d ", m.name, i+1, len(cases))
		}
	}
	close(next)
	workers.Wait()
	if progress {
		fmt.Fprint(os.Stderr, "\r                              \r")
	}
	return scores, errors.Join(append(failures, ctx.Err())...)
}

func print(w io.Writer, positive, negative []summary, how func(table, io.Writer)) {
	if len(positive) > 0 {
		how(positiveTable(positive), w)
	}
	if len(positive) > 0 && len(negative) > 0 {
		fmt.Fprintln(w)
	}
	if len(negative) > 0 {
		how(negativeTable(negative), w)
	}
}

// keep writes base.json with every case's score and base.md with the tables.
func keep(base string, scores []caseScore, positive, negative []summary) error {
	if err := os.MkdirAll(filepath.Dir(base), 0o750); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(map[string]any{"sets": positive, "negatives": negative, "cases": scores}, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(base+".json", raw, 0o600); err != nil {
		return err
	}
	var text strings.Builder
	print(&text, positive, negative, table.markdown)
	return os.WriteFile(base+".md", []byte(text.String()), 0o600)
}
