package redisdb

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	oldestMajor, oldestMinor = 6, 2 // LPOP with a count

	// lasting follows a CONFIG SET, which a restart of Redis forgets.
	lasting = ", and set it in redis.conf too, so that a restart keeps it"
)

func (f facts) findings() Findings {
	return Findings{Version: f.version, Promise: f.promise(), Warnings: f.warnings(), Unread: f.unread}
}

// refusal returns why this Redis cannot work, or nil.
func (f facts) refusal() *Refusal {
	switch {
	case tooOld(f.version):
		return &Refusal{
			fmt.Sprintf("Redis %s is too old, LPOP with a count came with %d.%d", f.version, oldestMajor, oldestMinor),
			fmt.Sprintf("install Redis %d.%d or later", oldestMajor, oldestMinor),
		}
	case f.role == "slave" && f.direct:
		return &Refusal{
			"this Redis is a replica, it takes no writes of its own",
			"connect to its primary, " + f.primary,
		}
	case f.evictsTasks() && f.limited():
		return &Refusal{
			fmt.Sprintf("Redis would silently delete tasks once it holds %s bytes (maxmemory-policy %s)", f.maxmemory, f.policy),
			"run CONFIG SET maxmemory-policy noeviction" + lasting,
		}
	}
	return nil
}

// evictsTasks reports whether the policy may delete any key. The volatile ones delete keys with a TTL: of
// ours that is the answer to a user's move, kept for its repeats (once.lua), and a selection (select.lua), and no task.
func (f facts) evictsTasks() bool { return strings.HasPrefix(f.policy, "allkeys-") }

func (f facts) limited() bool { return f.maxmemory != "" && f.maxmemory != "0" }

// tooOld reports whether version ("7.0.15") is below what the scripts need. One that cannot be read is taken for new.
func tooOld(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, badMajor := strconv.Atoi(major)
	b, badMinor := strconv.Atoi(minor)
	if badMajor != nil || badMinor != nil {
		return false
	}
	return a < oldestMajor || a == oldestMajor && b < oldestMinor
}

func (f facts) promise() string {
	promise := f.durability()
	if promise != "" && f.replicas {
		promise += " A failover loses what was not replicated yet; --wait-replicas waits for the replicas."
	}
	return promise
}

// durability says in one sentence what is lost, and when; empty where nothing is known.
func (f facts) durability() string {
	switch f.appendOnly {
	case "yes":
		return f.appendOnlyPromise()
	case "no":
		return f.snapshotPromise()
	}
	if len(f.unread) > 0 {
		return "What a crash of Redis costs is unknown: its user may not ask."
	}
	return ""
}

func (f facts) appendOnlyPromise() string {
	const crash = "A crash of Redis loses nothing, a power loss "
	switch f.fsync {
	case "always":
		return "Neither a crash of Redis nor a power loss loses anything (append-only file, synced at every write)."
	case "everysec":
		return "A crash of Redis loses nothing while the disk keeps up, else up to two seconds; a power loss up to about the last " +
			"second (append-only file, synced every second)."
	case "no":
		return crash + "what the operating system had not written yet, often half a minute (append-only file, never synced)."
	default:
		return crash + "what appendfsync allows, which its user may not read (append-only file)."
	}
}

func (f facts) snapshotPromise() string {
	switch {
	case f.inMemoryOnly():
		return "Redis keeps tasks in memory only: when it restarts, every task is gone."
	case f.saveKnown:
		return "A restart of Redis loses what changed since its last save (snapshots only, save " + f.save + ")."
	default:
		return "A restart of Redis loses what changed since its last save, if it saves at all: its user may not read that."
	}
}

func (f facts) inMemoryOnly() bool { return f.appendOnly == "no" && f.saveKnown && f.save == "" }

// warnings are what works and may cost tasks.
func (f facts) warnings() []string {
	var all []string
	add := func(is bool, sentence string) {
		if is {
			all = append(all, sentence)
		}
	}
	add(f.evictsTasks() && !f.limited(), "Redis would delete tasks as soon as somebody sets maxmemory (maxmemory-policy "+
		f.policy+"): run CONFIG SET maxmemory-policy noeviction"+lasting+".")
	add(f.inMemoryOnly(), "A restart of Redis deletes every task: run CONFIG SET appendonly yes"+lasting+".")
	add(f.appendOnly == "no" && !f.inMemoryOnly(), "A restart of Redis may lose tasks that were accepted: run CONFIG SET "+
		"appendonly yes"+lasting+".")
	add(f.appendOnly == "yes" && f.fsync == "no", "A power loss may cost tasks that were accepted long before: run CONFIG SET "+
		"appendfsync everysec"+lasting+".")
	add(len(f.unread) > 1, "Nobody can see whether Redis would delete tasks, because its user may run neither INFO nor "+
		"CONFIG GET: run ACL SETUSER with the user's name and +info.")
	return all
}
