package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/server"
	"github.com/trivue/trivue/store"
)

type staffCommand struct {
	Add staffAddCommand `cmd:"" help:"Add a member of staff; the password is asked for, or read from standard input."`
}

type staffAddCommand struct {
	Name string    `arg:"" help:"Name to sign in with."`
	Role exam.Role `help:"admin (may do everything), invigilator (sees exams and what has arrived), reviewer (watches the recordings)." enum:"admin,invigilator,reviewer" required:""`
	databaseFlags
}

// Run adds a member of staff to the database, also while the server runs.
func (c staffAddCommand) Run(ctx context.Context) error {
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	password, err := readPassword(os.Stdin, os.Stderr)
	if err != nil {
		return err
	}
	m, err := server.AddStaff(ctx, db, newID(), c.Name, password, c.Role)
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("there is somebody called %q already; choose another name", strings.TrimSpace(c.Name))
	} else if err != nil {
		return err
	}
	fmt.Printf("%s can sign in as %s.\n", m.Name, m.Role)
	return nil
}

// readPassword asks for a password twice on a terminal, and reads one line otherwise.
func readPassword(in *os.File, prompt io.Writer) (string, error) {
	fd := int(in.Fd())
	if !term.IsTerminal(fd) {
		line, err := bufio.NewReader(in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password from standard input: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	ask := func(what string) (string, error) {
		fmt.Fprint(prompt, what)
		word, err := term.ReadPassword(fd)
		fmt.Fprintln(prompt)
		return string(word), err
	}
	first, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	second, err := ask("Once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two passwords differ; nothing was changed")
	}
	return first, nil
}
