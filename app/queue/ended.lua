-- ended.lua: read only. The newest tasks of a queue, or of a worker, that completed or failed.
-- ARGV[1] queue, ARGV[2] worker, each or ""      ARGV[3] most tasks      ARGV[4] most entries to look at of each state
-- Returns {when the oldest ended down to which everything was looked at, in ms; then ten strings a task: id, queue, type,
-- created, state's code, attempt, worker, due, started, finished}. Nothing of a payload: it may be large.

local queue, worker, most, budget = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local answer, horizon = { '0' }, 0

local function ended(id, record, state)
  if not readable(record, state) or not state then return false end
  local s = parse(state)
  if worker ~= '' and s.worker ~= worker then return false end
  local h = header(record)
  if queue ~= '' and h.queue ~= queue then return false end
  for _, value in ipairs({ id, h.queue, h.type, int(h.created), s.code, int(s.attempt), s.worker, int(s.due), int(s.started),
    int(s.finished) }) do
    answer[#answer + 1] = value
  end
  return true
end

-- walk goes from the newest end back. Where it stops before the first one, nothing older may be shown of the other
-- state either: the two would not be of the same time.
local function walk(key)
  local found, at, chunk = 0, 0, 100
  while found < most and at < budget do
    local entries = redis.call('ZREVRANGE', key, at, at + chunk - 1, 'WITHSCORES')
    local ids = {}
    for i = 1, #entries, 2 do ids[#ids + 1] = entries[i] end
    local records, states = lookup(K.tasks, ids), lookup(K.state, ids)
    for i, id in ipairs(ids) do
      if ended(id, records[i], states[i]) then found = found + 1 end
    end
    if #ids < chunk then return end
    at = at + chunk
    if found >= most or at >= budget then horizon = math.max(horizon, tonumber(entries[#entries])) end
  end
end

walk(K.completed)
walk(K.failed)
answer[1] = int(horizon)
return answer
