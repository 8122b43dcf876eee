package redisdb_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/xuniquepatel/queue-pilot/app/redisdb"
	"github.com/xuniquepatel/queue-pilot/app/redisdb/redistest"
)

const slotKey = "qp:{0}:meta"

func inspect(t *testing.T, client redis.UniversalClient) redisdb.Findings {
	t.Helper()
	f, err := redisdb.Inspect(t.Context(), client, slotKey)
	if err != nil {
		t.Fatalf("Inspect: %v; want no error", err)
	}
	return f
}

// refusal is what Inspect refuses; the test fails where it does not.
func refusal(t *testing.T, client redis.UniversalClient) *redisdb.Refusal {
	t.Helper()
	f, err := redisdb.Inspect(t.Context(), client, slotKey)
	var r *redisdb.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("Inspect: %+v, %v; want a refusal", f, err)
	}
	return r
}

func TestThePromiseSaysWhatThePersistenceOfAServerMeans(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		promise string
		warning string // "" for none at all
	}{
		"synced every second": {nil, "A crash of Redis loses nothing while the disk keeps up, else up to two seconds; a power loss up to about the last second", ""},
		"synced at every write": {
			[]string{"--appendfsync", "always"}, "Neither a crash of Redis nor a power loss loses anything", "",
		},
		"never synced": {
			[]string{"--appendfsync", "no"}, "what the operating system had not written yet", "CONFIG SET appendfsync everysec",
		},
		"snapshots only": {
			[]string{"--appendonly", "no", "--save", "3600 1 300 100"},
			"A restart of Redis loses what changed since its last save (snapshots only, save 3600 1 300 100).",
			"CONFIG SET appendonly yes",
		},
		"nothing": {
			[]string{"--appendonly", "no", "--save", ""},
			"Redis keeps tasks in memory only: when it restarts, every task is gone.", "CONFIG SET appendonly yes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := inspect(t, redistest.Open(t, redistest.New(t, c.args...).URL()))
			if !strings.Contains(f.Promise, c.promise) || f.Version == "" || len(f.Unread) > 0 {
				t.Errorf("%+v; want the promise %q, a version and all read", f, c.promise)
			}
			wantOneWarning(t, f, c.warning)
		})
	}
}

// wantOneWarning wants exactly one warning, with part in it; none where part is empty.
func wantOneWarning(t *testing.T, f redisdb.Findings, part string) {
	t.Helper()
	if (part == "" && len(f.Warnings) > 0) || (part != "" && (len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0], part))) {
		t.Errorf("warnings %q; want one with %q, none where that is empty", f.Warnings, part)
	}
}

func TestAPolicyThatEvictsTasksIsRefusedOrWarnedAbout(t *testing.T) {
	rdb := redistest.New(t)
	client := redistest.Open(t, rdb.URL())
	ctx := t.Context()
	for _, c := range []struct {
		policy, maxmemory, warning, refused string
	}{
		{"allkeys-lru", "0", "CONFIG SET maxmemory-policy noeviction", ""},
		{"allkeys-lru", "104857600", "", "delete tasks once it holds 104857600 bytes (maxmemory-policy allkeys-lru)"},
		{"allkeys-random", "104857600", "", "maxmemory-policy allkeys-random"},
		{"volatile-lru", "104857600", "", ""},
		{"noeviction", "104857600", "", ""},
	} {
		if err := errors.Join(client.ConfigSet(ctx, "maxmemory-policy", c.policy).Err(),
			client.ConfigSet(ctx, "maxmemory", c.maxmemory).Err()); err != nil {
			t.Fatal(err)
		}
		if c.refused == "" {
			wantOneWarning(t, inspect(t, client), c.warning)
			continue
		}
		r := refusal(t, client)
		if !strings.Contains(r.Reason, c.refused) || !strings.Contains(r.Fix, "CONFIG SET maxmemory-policy noeviction") {
			t.Errorf("%s at %s: %q, %q; want %q and its fix", c.policy, c.maxmemory, r.Reason, r.Fix, c.refused)
		}
	}
}

func TestAReplicaIsRefusedByAPlainAddressAndItsPrimaryIsNamed(t *testing.T) {
	primary := redistest.New(t)
	_, port, _ := strings.Cut(primary.Addr(), ":")
	replica := redistest.New(t, "--replicaof", "127.0.0.1", port)
	r := refusal(t, redistest.Open(t, replica.URL()))
	if !strings.Contains(r.Reason, "is a replica") || !strings.Contains(r.Fix, primary.Addr()) {
		t.Errorf("%q, %q; want that it is a replica, and %s", r.Reason, r.Fix, primary.Addr())
	}
	client := redistest.Open(t, primary.URL())
	until(t, "the primary's promise names what a failover costs", func() bool {
		return strings.Contains(inspect(t, client).Promise, "A failover loses what was not replicated yet; --wait-replicas")
	})

	t.Run("not where Sentinels choose the server", func(t *testing.T) {
		client := redistest.Open(t, "redis+sentinel://"+redistest.StartSentinel(t, replica.Addr())+"/mymaster/0")
		until(t, "the server that the Sentinel names answers", func() bool { return client.Ping(t.Context()).Err() == nil })
		if f := inspect(t, client); f.Promise == "" {
			t.Errorf("%+v; want a promise", f)
		}
	})
}

func TestAUserWithoutConfigOrInfoGetsWhatCanBeKnown(t *testing.T) {
	for name, c := range map[string]struct {
		args          []string // of the server
		denied        []string
		unread        []string
		promise, warn string
	}{
		"no CONFIG": {nil, []string{"-config"}, []string{"CONFIG GET"}, "what appendfsync allows, which its user may not read", ""},
		"no CONFIG, no append-only file": {
			[]string{"--appendonly", "no"}, []string{"-config"}, []string{"CONFIG GET"}, "if it saves at all", "CONFIG SET appendonly yes",
		},
		"no INFO": {nil, []string{"-info"}, []string{"INFO"}, "up to about the last second", ""},
		"neither": {
			nil, []string{"-info", "-config"}, []string{"INFO", "CONFIG GET"}, "unknown: its user may not ask", "ACL SETUSER",
		},
	} {
		t.Run(name, func(t *testing.T) {
			rdb := redistest.New(t, c.args...)
			rules := append([]string{"on", ">pw", "~*", "&*", "+@all"}, c.denied...)
			if err := redistest.Open(t, rdb.URL()).ACLSetUser(t.Context(), "limited", rules...).Err(); err != nil {
				t.Fatal(err)
			}
			f := inspect(t, redistest.Open(t, "redis://limited:pw@"+rdb.Addr()))
			if diff := cmp.Diff(c.unread, f.Unread); diff != "" || !strings.Contains(f.Promise, c.promise) {
				t.Errorf("promise %q; want %q; unread (-want +got):\n%s", f.Promise, c.promise, diff)
			}
			wantOneWarning(t, f, c.warn)
		})
	}
}

func TestAnEvictingPolicyIsSeenWithoutCONFIGAndWithoutINFO(t *testing.T) {
	rdb := redistest.New(t, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lfu")
	admin := redistest.Open(t, rdb.URL())
	for _, denied := range []string{"-config", "-info"} {
		user := "without" + denied
		if err := admin.ACLSetUser(t.Context(), user, "on", ">pw", "~*", "&*", "+@all", denied).Err(); err != nil {
			t.Fatal(err)
		}
		if r := refusal(t, redistest.Open(t, "redis://"+user+":pw@"+rdb.Addr())); !strings.Contains(r.Reason, "allkeys-lfu") {
			t.Errorf("%s: %v; want a refusal of allkeys-lfu", denied, r)
		}
	}
}

func TestOfAClusterTheOwnerOfTheKeyIsAsked(t *testing.T) {
	nodes := []*redistest.Redis{
		redistest.New(t, "--cluster-enabled", "yes"),
		redistest.New(t, "--cluster-enabled", "yes", "--appendonly", "no"),
	}
	slot := joinCluster(t, nodes)
	client := redistest.Open(t, "redis+cluster://"+nodes[1-slot].Addr())
	want := []string{"A crash of Redis loses nothing", "Redis keeps tasks in memory only"}[slot]
	until(t, "the owner's promise is told: "+want, func() bool {
		f, err := redisdb.Inspect(t.Context(), client, slotKey)
		return err == nil && strings.Contains(f.Promise, want)
	})
}

// joinCluster makes a Cluster of two, and returns the index of the node that owns slotKey.
func joinCluster(t *testing.T, nodes []*redistest.Redis) int {
	t.Helper()
	ctx := t.Context()
	first, second := redistest.Open(t, nodes[0].URL()), redistest.Open(t, nodes[1].URL())
	host, port, _ := strings.Cut(nodes[1].Addr(), ":")
	if err := errors.Join(first.ClusterAddSlotsRange(ctx, 0, 8191).Err(), second.ClusterAddSlotsRange(ctx, 8192, 16383).Err(),
		first.ClusterMeet(ctx, host, port).Err()); err != nil {
		t.Fatal(err)
	}
	until(t, "both nodes find the Cluster whole", func() bool {
		return !slices.ContainsFunc([]redis.UniversalClient{first, second}, func(c redis.UniversalClient) bool {
			return !strings.Contains(c.ClusterInfo(ctx).Val(), "cluster_state:ok")
		})
	})
	return int(first.ClusterKeySlot(ctx, slotKey).Val() / 8192)
}

func TestTheStoreInThisProcessTellsNothingAndIsNotRefused(t *testing.T) {
	if diff := cmp.Diff(redisdb.Findings{}, inspect(t, redistest.Open(t, redistest.Memory(t)))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestARedisThatIsAwayIsNoRefusal(t *testing.T) {
	rdb := redistest.New(t)
	client := redistest.Open(t, rdb.URL())
	rdb.Kill()
	_, err := redisdb.Inspect(t.Context(), client, slotKey)
	if r := new(redisdb.Refusal); err == nil || errors.As(err, &r) {
		t.Errorf("%v; want an error that is no refusal", err)
	}
}
