package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Redis says how the Redis of the queue is reached: alone, by Sentinel, or as a cluster.
type Redis = asynq.RedisConnOpt

// RedisSocket reaches a Redis at a unix socket.
func RedisSocket(path string) Redis { return asynq.RedisClientOpt{Network: "unix", Addr: path} }

// ParseRedis reads an address: redis://[:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS, redis-socket://[:PASSWORD@]PATH[?db=DB],
// or redis-sentinel://[:PASSWORD@]HOST1[:PORT][,HOST2[:PORT]…]?master=NAME. It does not connect.
func ParseRedis(uri string) (Redis, error) {
	opt, err := asynq.ParseRedisURI(uri)
	if err != nil {
		return nil, fmt.Errorf("address of Redis: %w; write it as redis://host:6379/0, rediss://…, redis-socket:///path, or "+
			"redis-sentinel://host1,host2?master=name", err)
	}
	return opt, nil
}

// queueLog gives Asynq's log to ours. What Asynq thinks worth knowing of its own life is detail here.
type queueLog struct{ log *slog.Logger }

func (l queueLog) Debug(args ...any) { l.log.Debug("queue: " + fmt.Sprint(args...)) }
func (l queueLog) Info(args ...any)  { l.log.Debug("queue: " + fmt.Sprint(args...)) }
func (l queueLog) Warn(args ...any)  { l.log.Warn("queue: " + fmt.Sprint(args...)) }
func (l queueLog) Error(args ...any) { l.log.Error("queue: " + fmt.Sprint(args...)) }

// Fatal does not end the process: the queue's troubles are not the server's.
func (l queueLog) Fatal(args ...any) { l.log.Error("queue: " + fmt.Sprint(args...)) }

// clientLog gives the log of the Redis client, which is one for the whole process, to the default logger. Errors come back
// from the calls as well, so that these are detail.
type clientLog struct{}

func (clientLog) Printf(ctx context.Context, format string, args ...any) {
	slog.DebugContext(ctx, "redis client: "+fmt.Sprintf(format, args...))
}

var quietClient = sync.OnceFunc(func() { redis.SetLogger(clientLog{}) })
