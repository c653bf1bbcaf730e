package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// busyTimeout is how long SQLite waits for another process that writes to the same file.
const busyTimeout = 10 * time.Second

// maxPostgresConnections bounds what one process takes of a server that allows 100 by default.
const maxPostgresConnections = 16

// Open opens the database that dsn names, makes it if need be (SQLite), and brings its tables up to date. Any number of
// processes may open the same database at once.
//
// A DSN is sqlite:PATH, or postgres://… as libpq takes it.
func Open(ctx context.Context, dsn string) (*Store, error) {
	scheme, rest, _ := strings.Cut(dsn, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(ctx, rest)
	case "postgres", "postgresql":
		return openPostgres(ctx, dsn)
	default:
		// The DSN itself is not repeated: it may hold a password.
		return nil, fmt.Errorf("open database: the address must begin with sqlite: or postgres://: %w", ErrInvalid)
	}
}

func openSQLite(ctx context.Context, path string) (*Store, error) {
	if path == "" {
		return nil, fmt.Errorf("open database: sqlite: lacks the path of a file: %w", ErrInvalid)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	defer unlock()
	// SQLite would make a file that everybody on the machine may read; it gives its journals the mode of the database.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pragmas := []string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(wal)",
		"synchronous(full)", // a receipt that was given out must survive a power cut
		"foreign_keys(on)",
	}
	// A deferred transaction that reads first and then writes fails at once when another has written in between, whatever the
	// busy timeout is.
	write, err := sqlitePool(path, "immediate", pragmas)
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := migrate(ctx, write, goose.DialectSQLite3); err != nil {
		write.Close()
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	read, err := sqlitePool(path, "deferred", append(pragmas, "query_only(on)"))
	if err != nil {
		write.Close()
		return nil, err
	}
	read.SetMaxOpenConns(max(4, runtime.GOMAXPROCS(0)))
	read.SetMaxIdleConns(max(4, runtime.GOMAXPROCS(0)))
	return &Store{write: bun.NewDB(write, sqlitedialect.New()), read: bun.NewDB(read, sqlitedialect.New())}, nil
}

func sqlitePool(path, txlock string, pragmas []string) (*sql.DB, error) {
	query := url.Values{"_txlock": {txlock}, "_pragma": pragmas}
	address := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	return db, nil
}

func openPostgres(ctx context.Context, dsn string) (*Store, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	// bun writes values into the statement, so that no two are the same: preparing each would fill the server with statements
	// that are used once.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(maxPostgresConnections)
	db.SetMaxIdleConns(maxPostgresConnections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	// Tried every second for two minutes: a process that waits for another's migration goes on soon after it.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
	if err == nil {
		err = migrate(ctx, db, goose.DialectPostgres, goose.WithSessionLocker(locker))
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("database %s on %s: %w", config.Database, config.Host, err)
	}
	both := bun.NewDB(db, pgdialect.New())
	return &Store{write: both, read: both}, nil
}
