package main

import "slices"

// all are the mutants, in the order of the promises that they break.
func all() []mutant {
	return slices.Concat(ofOwners(), ofOrder(), ofRepeats(), ofLosses(), ofTime(), ofRedis(), ofMoves())
}

// Tests of the suite that are no rows of the matrix.
const (
	randomMoves  = "AfterAnyMoves"
	linearizable = "ClaimsAndOutcomes"
)

var (
	anyRunning = []edit{{
		"workers/finish.lua",
		"return worker == o.worker and attempt == o.attempt_text\n", "return worker ~= nil\n",
	}, {
		"workers/finish.lua", "if found[o.id] and his[i] then", "if his[i] then",
	}, {
		"workers/finish.lua", "final = by == worker and attempt == group.attempt and", "final = by and",
	}, {
		"workers/finish.lua", "if found[id] and states[i] then", "if states[i] then",
	}}
	lostMayTurn = []edit{{
		"workers/turn.lua", "if not redis.call('ZSCORE', K.workers, worker) then return { 'lost', '', {}, {} } end\n", "",
	}}
)

// ofOwners: a task belongs to one worker at a time.
func ofOwners() []mutant {
	return []mutant{
		{
			"fencing", "a lost worker's turn is not refused, and a report of any running task is recorded",
			slices.Concat(anyRunning, lostMayTurn),
			[]string{"Row02", randomMoves, linearizable},
		},
		{"fencing-finish", "a report of any running task is recorded, whoever sends it", anyRunning, []string{randomMoves, linearizable}},
		{"fencing-turn", "a lost worker's turn is not refused", lostMayTurn, []string{randomMoves, linearizable}},
		{"fencing-attempt", "a report of an earlier attempt is recorded", []edit{{
			"workers/finish.lua",
			"return worker == o.worker and attempt == o.attempt_text\n", "return worker == o.worker\n",
		}, {
			"workers/finish.lua", "final = by == worker and attempt == group.attempt and", "final = by == worker and",
		}}, []string{linearizable}},
		{"fencing-heartbeat", "the heartbeat of a lost worker brings it back", []edit{{
			"workers/heartbeat.lua", "if not redis.call('ZSCORE', K.workers, id) then return { 'lost' } end\n", "",
		}}, []string{"Row02"}},
		{"fencing-progress", "progress is taken from any worker", []edit{{
			"workers/progress.lua", "s.code == 'r' and s.worker == ARGV[1] and s.attempt == tonumber(ARGV[a + 2])", "s.code == 'r'",
		}}, []string{randomMoves}},
		{"self-fencing", "a worker without heartbeats does not stop its handlers", []edit{{
			"workers/life.go", "\tl.cancelAll(ErrLeaseLost)\n", "",
		}}, []string{"Row07"}},
		{"heartbeat-idle-only", "a worker beats only while it runs nothing", []edit{{
			"workers/heartbeat.go", "\tsent := time.Now()\n", "\tif l.busy.Load() > 0 {\n\t\treturn nil\n\t}\n\tsent := time.Now()\n",
		}}, []string{"Row03"}},
		{"assign-twice", "assign hands an id to one worker and leaves it for another", []edit{{
			"app/queue/lanes.lua", "for i = #lane.ids, lane.at, -1 do", "for i = #lane.ids, math.max(lane.at - 1, 1), -1 do",
		}, {
			"app/queue/lanes.lua", "    if not here or state and string.byte(state) ~= 112 then return nil end\n", "    if not here then return nil end\n",
		}}, []string{randomMoves}},
	}
}

// ofOrder: what goes back goes to the head, in its order.
func ofOrder() []mutant {
	return []mutant{
		{"order-reclaim", "what a lost worker ran goes back to the tail", []edit{{
			"monitor/reclaim.lua",
			"      s.code = 'p'\n      enqueue(id, h.queue, h.priority, true)", "      s.code = 'p'\n      enqueue(id, h.queue, h.priority)",
		}}, []string{"Row04"}},
		{"order-take-back", "what was assigned and not started goes back to the tail", []edit{{
			"app/queue/lib.lua", "enqueue(id, h.queue, h.priority, true)", "enqueue(id, h.queue, h.priority)",
		}}, []string{"Row04"}},
		{"order-release", "what a stopping worker gives back goes to the tail", []edit{{
			"workers/finish.lua", "enqueue(o.id, h.queue, h.priority, true)", "enqueue(o.id, h.queue, h.priority)",
		}, {
			"workers/finish.lua", "enqueue(o.id, queue, priority, true)", "enqueue(o.id, queue, priority)",
		}}, []string{"Row17"}},
		{"order-heads", "several that go back to the head stand there in reverse", []edit{{
			"app/queue/lib.lua", "many('LPUSH', key, reversed(push.ids))", "many('LPUSH', key, push.ids)",
		}}, []string{"Row04"}},
	}
}

// ofRepeats: what is sent again is the same operation.
func ofRepeats() []mutant {
	return []mutant{
		{"submit-known", "a known id is taken as new", []edit{{
			"app/queue/submit.lua", "if fresh[id] or known[i] then", "if fresh[id] then",
		}}, []string{"Row06", randomMoves, linearizable}},
		{"report-known", "a report that is sent again is refused", []edit{{
			"workers/finish.lua", "  if s.worker ~= o.worker then return false end\n", "  if s.worker ~= nil then return false end\n",
		}}, []string{"Row06", linearizable}},
		{"once-known", "the recorded answer of a user's move is ignored", []edit{{
			"app/queue/once.lua", "if recorded then", "if false then",
		}}, []string{linearizable}},
		{"register-known", "a worker that registers again starts from nothing", []edit{{
			"workers/register.lua", "if redis.call('ZSCORE', K.workers, id) then return 1 end", "if false then return 1 end",
		}}, []string{"Row06"}},
		{"adopt", "a worker that lost a reply does not ask what was started for it", []edit{{
			"workers/exchange.go", "\t\tl.setUnsure(true)\n\t\treturn queue.Leases{}, stopIfLost(err)\n", "\t\treturn queue.Leases{}, stopIfLost(err)\n",
		}}, []string{"Row06"}},
		{"library-retries", "the client library sends scripts again by itself", []edit{{
			"app/redisdb/open.go", "*f.maxRetries, *f.dialerRetries, *f.contextTimeoutEnabled = -1, 1, true",
			"*f.maxRetries, *f.dialerRetries, *f.contextTimeoutEnabled = 3, 1, true",
		}}, []string{"Row06"}},
	}
}
