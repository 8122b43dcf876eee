-- promote.lua: scheduled, retry -> pending, where their time has come.
-- ARGV[1] most tasks to move from each. Returns {moved, ms until there is more to do, or -1}.

local index_code = { [K.scheduled] = 's', [K.retry] = 'y' }

local function due(key)
  local ids = redis.call('ZRANGEBYSCORE', key, '-inf', int(now), 'LIMIT', 0, tonumber(ARGV[1]))
  local records, states, values = lookup(K.tasks, ids), lookup(K.state, ids), {}
  if #ids > 0 then many('ZREM', key, ids) end
  for i, id in ipairs(ids) do
    local s = parse(states[i])
    if readable(records[i], states[i]) and (s.code == 's' or s.code == 'y') then
      local h = header(records[i])
      count(h.queue, s.code, -1)
      s.code, s.stop = 'p', '0'
      values[#values + 1] = id
      values[#values + 1] = format(s)
      enqueue(id, h.queue, h.priority)
    elseif records[i] and not readable(records[i], states[i]) then
      put_aside(id, string.match(records[i], '^%d|([^|]*)|'), index_code[key])
    end
  end
  if #values > 0 then many('HSET', K.state, values) end
  return #ids
end

-- A clock that was set back, by hand or by a failover to a machine whose clock lags, would make what waits for a time
-- that was counted before wait so much longer. So each such task is found, a slice a call, and waits from now on: a
-- retry whose attempt ended in the future, and a task that was submitted there with a delay. A time that a user named
-- stays.
local slice, noted_every = 100, 1000

local function began(code, id, record, s)
  if code == 's' then return s.stop == DELAYED and header(record).created end
  local past = '\n' .. (redis.call('HGET', K.attempts, id) or '')
  return tonumber(string.match(past, '\n%d+|[^|]*|[^|]*|%d+|(%d+)|[^\n]*$'))
end

local function wait_from_now(code, id, record, state)
  local s = parse(state)
  if not readable(record, state) or s.code ~= code then return end
  local since = began(code, id, record, s)
  if not since or since <= now then return end
  s.due = math.min(s.due, now + math.max(s.due - since, 0))
  redis.call('HSET', K.state, id, format(s))
  redis.call('ZADD', index[code], int(s.due), id)
end

-- look_through goes on where the last call ended, and tells whether there is more.
local function look_through(code)
  local cursor = redis.call('HGET', K.meta, 'back_' .. code)
  if not cursor then return false end
  local page, ids = redis.call('ZSCAN', index[code], cursor, 'COUNT', slice), {}
  for i = 1, #page[2], 2 do ids[#ids + 1] = page[2][i] end
  local records, states = lookup(K.tasks, ids), lookup(K.state, ids)
  for i, id in ipairs(ids) do wait_from_now(code, id, records[i], states[i]) end
  if page[1] == '0' then
    redis.call('HDEL', K.meta, 'back_' .. code)
    return false
  end
  redis.call('HSET', K.meta, 'back_' .. code, page[1])
  return true
end

-- watch_clock notes the time once a second, and tells whether there is more to look through.
local function watch_clock()
  local last = tonumber(redis.call('HGET', K.meta, 'promoted') or 0)
  if now < last or now - last >= noted_every then
    without_memory()
    redis.call('HSET', K.meta, 'promoted', int(now))
  end
  if now < last then redis.call('HSET', K.meta, 'back_s', '0', 'back_y', '0') end
  local scheduled, retry = look_through('s'), look_through('y')
  return scheduled or retry
end

local function wait(key)
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return first[2] and math.max(tonumber(first[2]) - now, 0) or math.huge
end

local more = watch_clock()
local moved = due(K.scheduled) + due(K.retry)
flush()
if counted() then commit() end
local next_due = more and 0 or math.min(wait(K.scheduled), wait(K.retry))
return { moved, next_due < math.huge and next_due or -1 }
