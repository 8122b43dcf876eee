-- snapshot.lua: read only, but for the sequence number of a published one. The whole of a cell at one moment.
-- ARGV[1] most tasks to list, 0 for none      ARGV[2] ms between two published snapshots, 1 for whenever the last one
-- was, or 0: not for publishing
-- Returns {ms to wait, 0 where there is nothing to add} where another monitor published within that time, else
-- {seq, now, counts, paused, oldest by queue, live workers, gone workers, rates, located tasks, failed tasks}.

local limit, spacing = tonumber(ARGV[1]), tonumber(ARGV[2])
local seq = tonumber(redis.call('HGET', K.meta, 'seq') or 0)
if spacing > 0 then
  local last = tonumber(redis.call('HGET', K.meta, 'snapshot') or 0)
  if spacing > 1 and now - last < spacing and now >= last then
    -- Where that one was late enough to have seen the last change, another is not needed.
    local dirty = tonumber(redis.call('HGET', K.meta, 'dirty') or 0)
    return { last >= dirty + 20 and 0 or spacing - (now - last) }
  end
  without_memory()
  redis.call('HSET', K.meta, 'snapshot', int(now))
  seq = redis.call('HINCRBY', K.meta, 'seq', 1)
end

-- waiting_since is when a pending task began to wait: at its submit, or when it became due.
local function waiting_since(id)
  local record = redis.call('HGET', K.tasks, id)
  if not readable(record) then return nil end
  return math.max(header(record).created, parse(redis.call('HGET', K.state, id)).due or 0)
end

local oldest = {}
for _, queue in ipairs(redis.call('SMEMBERS', K.backlog)) do
  local since = now
  for _, lane in ipairs(redis.call('SMEMBERS', K.lanes .. queue)) do
    local head = redis.call('LINDEX', lane_key(queue, lane), 0)
    local head_since = head and waiting_since(head)
    if head_since and head_since < since then since = head_since end
  end
  oldest[#oldest + 1] = queue
  oldest[#oldest + 1] = int(now - since)
end

-- A worker's card is what it told of itself when it registered, a line each: the rest of its record changes.
local function read_worker(id)
  return { id, redis.call('HMGET', K.status .. id, 'card', 'state', 'slots', 'assigned', 'running', 'started', 'heartbeat',
    'requeued', 'drills', 'drill'), {} }
end

local live, gone = {}, {}
for _, id in ipairs(redis.call('ZRANGE', K.workers, 0, -1)) do live[#live + 1] = read_worker(id) end
for _, id in ipairs(redis.call('ZREVRANGE', K.gone, 0, 49)) do gone[#gone + 1] = read_worker(id) end

-- What the workers run: up to 20 tasks each, and about 1,000 in all, the same number of each worker and at least one.
local running, holders = {}, {}
local shown = math.max(math.min(math.floor(1000 / math.max(#live, 1)), 20), 1)
for _, worker in ipairs(live) do
  local id, n = worker[1], math.min(tonumber(worker[2][5] or 0), shown)
  for _, task in ipairs(n > 0 and redis.call('LRANGE', K.processing .. id, 0, n - 1) or {}) do
    running[#running + 1] = task
    holders[#running] = worker[3]
  end
end
local records, states = lookup(K.tasks, running), lookup(K.state, running)
for i, task in ipairs(running) do
  local queue, kind = string.match(records[i] or '', '^%d|([^|]*)|([^|]*)|%d+|%d+|%d+|[%d-]+|')
  local attempt, started = string.match(states[i] or '', '^%a|(%d+)|%d+|[^|]*|%d+|%d+|(%d+)|')
  if queue and attempt then
    local into = holders[i]
    local n = #into
    into[n + 1], into[n + 2], into[n + 3], into[n + 4], into[n + 5] = task, kind, queue, attempt, started
  end
end

-- What /queue_status lists: who holds a task, its id and its record; a payload apart is read by its own key.
local located, failed = {}, {}
local function place(into, where, ids)
  if #ids == 0 then return end
  local found = lookup(K.tasks, ids)
  for i, id in ipairs(ids) do
    if found[i] and #into < 4 * limit then
      into[#into + 1] = where
      into[#into + 1] = id
      into[#into + 1] = found[i]
      into[#into + 1] = string.match(found[i], '^%d|[^|]*|[^|]*|%d+|%d+|%d+|%-') and
        redis.call('HGET', K.payloads, id) or ''
    end
  end
end

if limit > 0 then
  for _, id in ipairs(redis.call('ZRANGE', K.workers, 0, -1)) do
    if #located < 4 * limit then place(located, 'processing:' .. id, redis.call('LRANGE', K.processing .. id, 0, limit - 1)) end
  end
  for _, queue in ipairs(redis.call('SMEMBERS', K.backlog)) do
    local lanes = redis.call('SMEMBERS', K.lanes .. queue)
    table.sort(lanes, function(a, b) return a > b end)
    for _, lane in ipairs(lanes) do
      if #located < 4 * limit then place(located, 'task_queue', redis.call('LRANGE', lane_key(queue, lane), 0, limit - 1)) end
    end
  end
  place(failed, 'failed', redis.call('ZREVRANGE', K.failed, 0, limit - 1))
end

return { seq, int(now), redis.call('HGETALL', K.counts), redis.call('HGETALL', K.paused), oldest, live, gone,
  redis.call('HGET', K.meta, 'rates') or '', located, failed }
