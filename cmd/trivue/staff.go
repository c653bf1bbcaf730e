package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	Name     string    `arg:"" help:"Name to sign in with."`
	Role     exam.Role `help:"admin (may do everything), invigilator (sees exams and what has arrived), reviewer (watches the recordings)." enum:"admin,invigilator,reviewer" required:""`
	Data     string    `help:"Data folder of the server." default:"data" placeholder:"DIR"`
	Database string    `help:"PostgreSQL that the server uses instead of SQLite: postgres://…" placeholder:"URL"`
}

// Run adds a member of staff to the database, also while the server runs.
func (c staffAddCommand) Run(ctx context.Context) error {
	dsn, err := c.dsn()
	if err != nil {
		return err
	}
	password, err := readPassword(os.Stdin, os.Stderr)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer db.Close()
	m, err := server.AddStaff(ctx, db, newID(), c.Name, password, c.Role)
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("there is somebody called %q already; choose another name", strings.TrimSpace(c.Name))
	} else if err != nil {
		return err
	}
	fmt.Printf("%s can sign in as %s.\n", m.Name, m.Role)
	return nil
}

// dsn names the database. A SQLite database is not made: a mistyped folder would get a member of staff whom no server knows.
func (c staffAddCommand) dsn() (string, error) {
	if c.Database != "" {
		return c.Database, nil
	}
	path := filepath.Join(c.Data, "trivue.db")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w; name the server's data folder with --data, and start the server there once before", err)
	}
	return "sqlite:" + path, nil
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
