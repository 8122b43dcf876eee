-- lib.lua: what every script starts with. The clock, the two records of a task, counters, lanes and final states.
-- Keys are written into the text as literals, by Keys.lua. KEYS[1] is the cell's prefix: it routes the script on a
-- cluster. Nothing here writes before its caller has validated everything: Redis does not roll a script back.

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000) -- ms since the epoch

-- int writes a whole number without an exponent, which tostring would use from 1e14.
local function int(n) return string.format('%.0f', n) end
local now_text = int(now)

-- random is a number from 0 to 1, another one in each script.
local seeded = false
local function random()
  if not seeded then
    math.randomseed(tonumber(clock[2]) + 1)
    seeded = true
  end
  return math.random()
end

-- header reads the fixed part of a record (record.go): priority, queue, type, created ms, max_attempts, retention ms.
local function header(record)
  local priority, queue, kind, created, most, keep =
    string.match(record, '^(%d)|([^|]*)|([^|]*)|(%d+)|(%d+)|(%d+)|')
  return { priority = priority, queue = queue, type = kind, created = tonumber(created), most = tonumber(most),
    keep = tonumber(keep) }
end

-- A state record is code|attempt|losses|worker|due|assigned|started|finished|stop|reason|error, times in ms. Where a
-- task has none it is pending and was never started. stop is 1 where a running task was asked to stop, DELAYED where a
-- scheduled one is due so long after its submit, by no clock, and AHEAD where a running one was fetched ahead: its worker
-- begins it within some 50 ms, and has not said yet that it did.
local DELAYED, AHEAD = '2', '3'
local readable_record = '^%d|[^|]*|[^|]*|%d+|%d+|%d+|[%d-]+|'
local readable_state = '^%a|%d+|%d+|[^|]*|%d+|%d+|%d+|%d+|%d|[^|]*|'

-- readable tells whether both records of a task are what was written. A script that would stumble over one after its
-- first write must ask: Redis does not undo what it wrote.
local function readable(record, state)
  return record and string.find(record, readable_record) and (not state or string.find(state, readable_state)) and true
end

local function parse(value)
  if not value then
    return { code = 'p', attempt = 0, losses = 0, worker = '', due = 0, assigned = 0, started = 0, finished = 0,
      stop = '0', reason = '', error = '' }
  end
  local code, attempt, losses, worker, due, assigned, started, finished, stop, reason, err = string.match(value,
    '^(%a)|(%d+)|(%d+)|([^|]*)|(%d+)|(%d+)|(%d+)|(%d+)|(%d)|([^|]*)|(.*)$')
  return { code = code, attempt = tonumber(attempt), losses = tonumber(losses), worker = worker, due = tonumber(due),
    assigned = tonumber(assigned), started = tonumber(started), finished = tonumber(finished), stop = stop,
    reason = reason, error = err }
end

local function format(s)
  return table.concat({ s.code, int(s.attempt), int(s.losses), s.worker, int(s.due), int(s.assigned), int(s.started),
    int(s.finished), s.stop, s.reason, s.error }, '|')
end

-- without_memory lets a script write although Redis is out of memory, which refuses a script's first write only: for
-- what must be recorded, and what makes room.
local function without_memory() redis.call('ZREM', K.gone, '') end

-- caught is the text of what pcall caught: a table, or a text.
local function caught(wrong) return type(wrong) == 'table' and wrong.err or tostring(wrong) end

-- many calls command on key with all of args, 500 at a time: unpack has a limit, and pairs must not be torn. Returns the
-- last reply.
local function many(command, key, args)
  local reply
  for from = 1, #args, 500 do
    reply = redis.call(command, key, unpack(args, from, math.min(from + 499, #args)))
  end
  return reply
end

-- lookup gives the fields of a hash, false where missing.
local function lookup(key, fields)
  local values = {}
  for from = 1, #fields, 500 do
    local part = redis.call('HMGET', key, unpack(fields, from, math.min(from + 499, #fields)))
    for i = 1, #part do values[from + i - 1] = part[i] end
  end
  return values
end

-- Counters are summed up and written once a script, by commit.
local tally = {}
local function count(queue, what, n)
  local of = tally[queue]
  if not of then
    of = {}
    tally[queue] = of
  end
  of[what] = (of[what] or 0) + n
end

-- wake leaves a token for one scheduler: there is work that this script left.
local function wake()
  if redis.call('EXISTS', K.wake) == 0 then redis.call('RPUSH', K.wake, '1') end
end

-- A queue's pending ids stand on its lanes: one a priority, and one a priority and type where a task was set aside
-- because no worker with a free slot handled its type.
local function lane_key(queue, lane)
  if lane == '5' then return K.task_queue .. queue end
  return K.task_queue .. queue .. '#' .. lane
end

-- line gives the list on which to put ids for a lane. It is written by flush: the tails in order, the heads so that the
-- first stays first.
local pushes = {}
local function line(queue, lane, at_head)
  local key = queue .. (at_head and '|<|' or '|>|') .. lane
  pushes[key] = pushes[key] or { queue = queue, lane = lane, at_head = at_head, ids = {} }
  return pushes[key].ids
end

local function enqueue(id, queue, lane, at_head) table.insert(line(queue, lane, at_head), id) end

local function reversed(list)
  local out = {}
  for i = #list, 1, -1 do out[#out + 1] = list[i] end
  return out
end

-- listed notes that added ids were put on a lane, which is so long now.
local function listed(queue, lane, length, added)
  count(queue, 'p', added)
  if length == added then -- a lane that was empty may not be known
    redis.call('SADD', K.lanes .. queue, lane)
    redis.call('SADD', K.backlog, queue)
  end
end

local function flush()
  for _, push in pairs(pushes) do
    local key, length = lane_key(push.queue, push.lane), nil
    if push.at_head then length = many('LPUSH', key, reversed(push.ids)) else length = many('RPUSH', key, push.ids) end
    listed(push.queue, push.lane, length, #push.ids)
  end
  pushes = {}
end

-- note adds a finished attempt to the task's history, a line each; the oldest go when it outgrows 32 KiB.
local function note(id, s, outcome, err)
  local line = table.concat({ int(s.attempt), outcome, s.worker, int(s.started), int(now), cjson.encode(err) }, '|')
  local past = redis.call('HGET', K.attempts, id)
  if past then line = past .. '\n' .. line end
  while #line > 32768 and string.find(line, '\n', 1, true) do
    line = string.sub(line, string.find(line, '\n', 1, true) + 1)
  end
  redis.call('HSET', K.attempts, id, line)
end

local index = { s = K.scheduled, y = K.retry, c = K.completed, f = K.failed, x = K.canceled }
local keep_for = { c = KEEP_DONE, f = KEEP_FAILED, x = KEEP_DONE }

local function retention(h, code)
  if h.keep > 0 then return h.keep end
  return keep_for[code]
end

-- finalize puts a task that stands on no list any more on the index of a final state, and its id on the purge list of
-- the minute in which its retention is over. Both are written by commit; the caller stores the state record. enter is
-- its part for a caller that makes the records itself, of ids of one queue and retention: as text, because the in-process
-- store would make an array of a table with large numbers.
local ended, doomed, silenced = {}, {}, {}
local total = { c = 'C', f = 'F', x = 'X' }

local function enter(ids, queue, keep, code)
  if keep == '0' then keep = int(keep_for[code]) end
  local set, list = ended[code] or {}, doomed[keep] or {}
  ended[code], doomed[keep] = set, list
  local n, m = #set, #list
  for i, id in ipairs(ids) do
    set[n + 2 * i - 1], set[n + 2 * i], list[m + i] = now_text, id, id
  end
  count(queue, code, #ids)
  count(queue, total[code], #ids)
end

local function finalize(id, h, s, code, reason)
  s.code, s.reason, s.finished, s.stop = code, reason, now, '0'
  enter({ id }, h.queue, int(h.keep), code)
end

local function write_ended()
  for code, scored in pairs(ended) do many('ZADD', index[code], scored) end
  for keep, ids in pairs(doomed) do
    local minute = int(math.floor((now + tonumber(keep)) / 60000) + 1)
    if many('RPUSH', K.purge .. minute, ids) == #ids then redis.call('ZADD', K.purges, minute, minute) end
  end
  if (next(doomed) or #silenced > 0) and redis.call('EXISTS', K.progress) == 1 then
    for _, ids in pairs(doomed) do many('HDEL', K.progress, ids) end
    many('HDEL', K.progress, silenced)
  end
  ended, doomed, silenced = {}, {}, {}
end

-- counted tells whether there is anything for commit to write, also where a script moved no task.
local function counted() return next(tally) ~= nil end

-- put_aside keeps an id whose records cannot be read, for people to look at. The caller has taken it off its place;
-- queue and code are what is known of it, or nil.
local function put_aside(id, queue, code)
  redis.call('RPUSH', K.unreadable, id)
  if not queue or not code then return end
  count(queue, code, -1)
  count(queue, 'U', 1)
end

-- write_counts writes the counters, and at most once in 20 ms a hint that something changed. A reader that looks 25 ms after
-- a hint has seen all that the silence hid.
local function write_counts()
  for queue, of in pairs(tally) do
    for what, n in pairs(of) do
      if n ~= 0 then redis.call('HINCRBY', K.counts, queue .. '|' .. what, int(n)) end
    end
  end
  tally = {}
  local last = tonumber(redis.call('HGET', K.meta, 'dirty') or 0)
  if now - last >= 20 or now < last then
    redis.call('HSET', K.meta, 'dirty', now_text)
    redis.call('PUBLISH', K.changes, now_text)
  end
end

-- commit writes what was summed up: indexes of what ended, and counters.
local function commit()
  write_ended()
  write_counts()
end

-- forget removes every trace of a task that stands nowhere any more.
local function forget(id)
  for _, key in ipairs({ K.tasks, K.state, K.payloads, K.results, K.attempts, K.progress }) do
    redis.call('HDEL', key, id)
  end
end

-- read_profile parses "default=1,critical=5;echo,sleep" into weights by queue and a set of types.
local function read_profile(text)
  local queues, types = {}, {}
  local names, kinds = string.match(text, '^([^;]*);(.*)$')
  for name, weight in string.gmatch(names, '([^,=]+)=(%d+)') do queues[name] = tonumber(weight) end
  for kind in string.gmatch(kinds, '[^,]+') do types[kind] = true end
  return queues, types
end

-- load_of is a worker's load. Ties are broken at random, by the fraction added.
local function load_of(busy, slots) return busy / slots + random() * 1e-6 end

-- set_load tells assign how busy a worker is: it is on the list of its profile while it can take more.
local function set_load(worker, profile, state, slots, room, busy)
  if state == 'ready' and busy < slots + room then
    redis.call('ZADD', K.ready .. profile, load_of(busy, slots), worker)
  else
    redis.call('ZREM', K.ready .. profile, worker)
  end
end

-- read_holder reads what a worker can take and holds. Where its record is gone there is no profile, and nothing is written.
local function read_holder(worker)
  local w = redis.call('HMGET', K.status .. worker, 'profile', 'state', 'slots', 'prefetch', 'assigned', 'running')
  return { id = worker, profile = w[1], state = w[2], slots = tonumber(w[3] or 1),
    room = tonumber(w[4] or 0), assigned = tonumber(w[5] or 0), running = tonumber(w[6] or 0) }
end

-- write_holder writes a worker's counters, and its load with them.
local function write_holder(w)
  if not w.profile then return end
  redis.call('HSET', K.status .. w.id, 'assigned', int(w.assigned), 'running', int(w.running))
  set_load(w.id, w.profile, w.state, w.slots, w.room, w.assigned + w.running)
end

-- shift changes a worker's counters and its load with them. The worker's record must be there.
local function shift(worker, assigned, running)
  local w = read_holder(worker)
  w.assigned, w.running = w.assigned + assigned, w.running + running
  write_holder(w)
end

-- take_back puts an assigned task that was not started back at the head of its queue. The caller takes it off the
-- worker's list and flushes.
local function take_back(id, h, s)
  count(h.queue, 'a', -1)
  s.code, s.assigned = 'p', 0
  if s.attempt == 0 and s.losses == 0 and s.due == 0 then
    redis.call('HDEL', K.state, id)
  else
    redis.call('HSET', K.state, id, format(s))
  end
  enqueue(id, h.queue, h.priority, true)
end

-- requeue puts a task that waits for its time, or has ended, on its queue by a user's word. A final one starts again at
-- attempt 1; its history is kept. The caller flushes.
local function requeue(id, h, s)
  redis.call('ZREM', index[s.code], id)
  count(h.queue, s.code, -1)
  if s.code == 'f' or s.code == 'x' then
    redis.call('HDEL', K.state, id)
  else
    s.code, s.due, s.stop = 'p', now, '0'
    redis.call('HSET', K.state, id, format(s))
  end
  enqueue(id, h.queue, h.priority)
end

-- unstarted takes up to n ids that a worker was assigned and did not start off its list, the newest, and puts them
-- back on their queues. accept(header) chooses; nil takes all. The started ones stand before them. Returns how many.
local function unstarted(worker, n, accept)
  local key = K.processing .. worker
  local waiting = tonumber(redis.call('HGET', K.status .. worker, 'assigned') or 0)
  if waiting == 0 then return 0 end
  local ids = redis.call('LRANGE', key, -waiting, -1)
  local records, states, taken = lookup(K.tasks, ids), lookup(K.state, ids), {}
  for i = #ids, 1, -1 do
    local s = parse(states[i])
    if #taken < n and readable(records[i], states[i]) and s.code == 'a' then
      local h = header(records[i])
      if not accept or accept(h) then taken[#taken + 1] = { id = ids[i], h = h, s = s } end
    end
  end
  for i = #taken, 1, -1 do
    redis.call('LREM', key, -1, taken[i].id)
    take_back(taken[i].id, taken[i].h, taken[i].s)
  end
  if #taken > 0 then shift(worker, -#taken, 0) end
  return #taken
end

-- retire ends a worker's life in the inventory: lost or gone. What stood on its list must be off it.
local function retire(worker, state)
  local key = K.status .. worker
  local profile = redis.call('HGET', key, 'profile')
  redis.call('HSET', key, 'state', state, 'assigned', 0, 'running', 0, 'ended', int(now))
  redis.call('ZREM', K.workers, worker)
  redis.call('ZADD', K.gone, int(now), worker)
  redis.call('DEL', K.processing .. worker, K.inbox .. worker, K.cancels .. worker)
  if profile then
    redis.call('ZREM', K.ready .. profile, worker)
    if redis.call('HINCRBY', K.profile_count, profile, -1) <= 0 then
      redis.call('HDEL', K.profile_count, profile)
      redis.call('HDEL', K.profiles, profile)
    end
  end
end
