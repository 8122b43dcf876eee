package main

// ofLosses: a lost worker's tasks are all recovered, and poison ends.
func ofLosses() []mutant {
	return []mutant{
		{"list-at-once", "two tasks of a lost worker's list are recovered, the rest is dropped", []edit{{
			"monitor/reclaim.lua",
			"local ids = redis.call('LRANGE', K.processing .. worker, 0, -1)",
			"local ids = redis.call('LRANGE', K.processing .. worker, 0, 1)",
		}}, []string{"Row01", randomMoves}},
		{"poison-count", "no number of lost workers fails a task", []edit{{
			"monitor/reclaim.lua", "elseif poison(s) then", "elseif false then",
		}}, []string{"Row16", randomMoves}},
		{"poison-neighbours", "what ran beside poison is failed as poison", []edit{{
			"monitor/reclaim.lua", "(last and most_losses or 2 * most_losses)", "most_losses",
		}}, []string{"Row16"}},
		{"poison-apart", "suspects of poison run beside each other", []edit{{
			"monitor/reclaim.lua", "if suspect and suspects > 0 then", "if false then",
		}}, []string{"Row16"}},
		{"release-spends", "a released attempt is spent", []edit{{
			"workers/finish.lua",
			"s.code, s.attempt, s.error, s.stop = 'p', s.attempt - 1, '', '0'", "s.code, s.error, s.stop = 'p', '', '0'",
		}}, []string{"Row17", randomMoves}},
	}
}

// ofTime: who was silent because Redis was away is not lost.
func ofTime() []mutant {
	return []mutant{
		{"grace", "after an outage workers are lost at once", []edit{{
			"monitor/reclaim.lua", "if now < grace and grace - now <= timeout then return {} end\n", "",
		}}, []string{"Row10"}},
		{"clock-back", "what waits for a time that was counted before the clock was set back goes on waiting for it", []edit{{
			"scheduler/promote.lua", "if now < last then redis.call('HSET', K.meta, 'back_s', '0', 'back_y', '0') end\n", "",
		}}, []string{"Row15"}},
	}
}

// ofRedis: a server that forgets scripts, or has no memory left, does no harm.
func ofRedis() []mutant {
	return []mutant{
		{"noscript", "a script is sent whole the first time only", []edit{{
			"app/queue/script.go",
			"		return s.on(c.keys).Run(ctx, c.rdb, c.declared, args...).Result()\n",
			`		made := s.on(c.keys)
		if _, loaded := s.made.LoadOrStore(made.Hash(), true); !loaded {
			return made.Eval(ctx, c.rdb, c.declared, args...).Result()
		}
		return made.EvalSha(ctx, c.rdb, c.declared, args...).Result()
`,
		}}, []string{"Row11"}},
		{"replicas", "a move is confirmed although too few replicas have it", []edit{{
			"app/queue/replicas.go", "if n < c.waitReplicas {", "if n < 0 {",
		}}, []string{"Row13"}},
		{"cluster-keys", "a script names one key only, so half of a moving slot runs it", []edit{{
			"app/queue/keys.go", "return []string{k.prefix, k.Meta()}", "return []string{k.prefix}",
		}}, []string{"Row14"}},
		{"memory-heartbeat", "a heartbeat writes before it removes: refused without memory", []edit{{
			"workers/heartbeat.lua", "without_memory()", "",
		}}, []string{"Row12"}},
		{"memory-drain", "a drain writes before it removes: refused without memory", []edit{{
			"workers/drain.lua", "without_memory()", "",
		}}, []string{"Row12"}},
		{"memory-reclaim", "the monitor writes before it removes: refused without memory", []edit{{
			"monitor/reclaim.lua", "without_memory()", "",
		}}, []string{"Row12"}},
		{"memory-start", "a start writes before it removes: refused without memory", []edit{{
			"workers/start.lua", "    without_memory()\n    many('HSET'", "    many('HSET'",
		}}, []string{"Row12"}},
		{"memory-register", "a worker cannot come back: refused without memory", []edit{{
			"workers/register.lua", "without_memory()", "",
		}}, []string{"Row12"}},
		{"memory-finish", "an outcome is written before the id is removed: refused without memory", []edit{{
			"workers/finish.lua", "then leaving[#leaving + 1] = o.id end",
			"then leaving[#leaving + 1] = o.id; redis.call('HSET', K.state, o.id, states[i]) end",
		}, {
			"workers/finish.lua", "then leaving[#leaving + 1] = ids[i] end",
			"then leaving[#leaving + 1] = ids[i]; redis.call('HSET', K.state, ids[i], state) end",
		}}, []string{"Row12"}},
	}
}

// ofMoves: a move loses nothing.
func ofMoves() []mutant {
	return []mutant{
		{"promote-drops", "a retry whose time has come is forgotten", []edit{{
			"scheduler/promote.lua", "enqueue(id, h.queue, h.priority)",
			"if key == K.scheduled then enqueue(id, h.queue, h.priority) end",
		}}, []string{randomMoves}},
	}
}
