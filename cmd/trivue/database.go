package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trivue/trivue/store"
)

// databaseFlags say which server's database a command works on.
type databaseFlags struct {
	Data     string `help:"Data folder of the server." default:"data" placeholder:"DIR"`
	Database string `help:"PostgreSQL that the server uses instead of SQLite: postgres://…" placeholder:"URL"`
}

// open opens the database, also while the server runs. A SQLite database is not made: a mistyped folder would get what no server
// knows of.
func (c databaseFlags) open(ctx context.Context) (*store.Store, error) {
	dsn := c.Database
	if dsn == "" {
		path := filepath.Join(c.Data, "trivue.db")
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("%w; name the server's data folder with --data, and start the server there once before", err)
		}
		dsn = "sqlite:" + path
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return db, nil
}
