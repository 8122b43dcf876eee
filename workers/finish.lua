-- finish.lua: running -> completed, failed, retry, canceled, or pending where the attempt was released.
-- finish(worker, outcomes) records a batch and returns for each 1 recorded, 2 recorded before, 0 refused: the task is
-- not this worker's any more (fencing: the id must stand on its list, with its name and this attempt number).

-- recorded_before: the reply to this very report was lost, and it is sent again.
local function recorded_before(o, s)
  if s.worker ~= o.worker then return false end
  if o.kind == 'release' then
    return s.code == 'x' and s.attempt == o.attempt or (s.code == 'p' or s.code == 'x') and s.attempt == o.attempt - 1
  end
  return s.attempt == o.attempt and s.code ~= 'a' and s.code ~= 'r'
end

local results = {}
local function keep_result(o)
  if o.result == '' then return end
  results[#results + 1] = o.id
  results[#results + 1] = o.result
end

local function settle(o, h, s)
  local kind = s.stop == '1' and 'cancel' or o.kind
  if s.stop == '1' then redis.call('SREM', K.cancels .. o.worker, o.id) end
  if kind == 'ok' then
    s.error = ''
    finalize(o.id, h, s, 'c', '')
    return keep_result(o)
  end
  s.error = o.error
  if kind == 'cancel' then
    note(o.id, s, 'canceled', o.error)
    return finalize(o.id, h, s, 'x', 'canceled')
  end
  note(o.id, s, o.outcome, o.error)
  if kind == 'fail' then return finalize(o.id, h, s, 'f', o.reason) end
  silenced[#silenced + 1] = o.id
  s.started, s.assigned = 0, 0
  if kind == 'release' then
    s.code, s.attempt, s.error = 'p', s.attempt - 1, ''
    return enqueue(o.id, h.queue, h.priority, true)
  end
  s.code, s.due = 'y', now + o.delay
  redis.call('ZADD', K.retry, int(s.due), o.id)
  if redis.call('ZRANK', K.retry, o.id) == 0 then wake() end
  count(h.queue, 'y', 1)
  count(h.queue, 'R', 1)
end

-- completed is the common case without tables: the state record of a task that ended well and that nobody stopped, or
-- nil where it is not exactly this worker's attempt.
local function completed(o, state)
  if o.kind ~= 'ok' then return nil end
  local attempt, losses, worker, times = string.match(state, '^r|(%d+)|(%d+)|([^|]*)|(%d+|%d+|%d+)|%d+|0|')
  if worker ~= o.worker or attempt ~= o.attempt_text then return nil end
  return 'c|' .. attempt .. '|' .. losses .. '|' .. worker .. '|' .. times .. '|' .. now_text .. '|0||'
end

-- take_off takes ids off the worker's list and returns which of them stood there. The running ones stand first on it:
-- many at once are taken off in one piece.
local function take_off(worker, ids)
  local key, found = K.processing .. worker, {}
  local running = tonumber(redis.call('HGET', K.status .. worker, 'running') or 0)
  if running < 1 or running > 8 * #ids then
    for _, id in ipairs(ids) do found[id] = redis.call('LREM', key, 1, id) == 1 end
    return found
  end
  local leaving, staying = {}, {}
  for _, id in ipairs(ids) do leaving[id] = true end
  for _, id in ipairs(redis.call('LRANGE', key, 0, running - 1)) do
    if leaving[id] then found[id] = true else staying[#staying + 1] = id end
  end
  if #staying < running then
    redis.call('LTRIM', key, running, -1)
    many('LPUSH', key, reversed(staying))
  end
  return found
end

-- mine tells whether the report is of the attempt that this worker runs.
local function mine(o, state)
  if not state then return false end
  local attempt, worker = string.match(state, '^r|(%d+)|%d+|([^|]*)|')
  return worker == o.worker and attempt == o.attempt_text
end

local function finish(worker, outcomes)
  local ids, answers, values, leaving, done = {}, {}, {}, {}, 0
  for i, o in ipairs(outcomes) do ids[i] = o.id end
  local records, states = lookup(K.tasks, ids), lookup(K.state, ids)
  for i, o in ipairs(outcomes) do
    if readable(records[i], states[i]) and mine(o, states[i]) then leaving[#leaving + 1] = o.id end
  end
  local found = #leaving > 0 and take_off(worker, leaving) or {}
  for i, o in ipairs(outcomes) do
    answers[i] = 0
    if found[o.id] and mine(o, states[i]) then
      found[o.id] = nil
      local state = completed(o, states[i])
      if state then
        local queue, keep = string.match(records[i], '^%d|([^|]*)|[^|]*|%d+|%d+|(%d+)|')
        enter(o.id, queue, keep, 'c')
        keep_result(o)
        count(queue, 'r', -1)
      else
        local h, s = header(records[i]), parse(states[i])
        count(h.queue, 'r', -1)
        settle(o, h, s)
        state = format(s)
      end
      values[#values + 1] = o.id
      values[#values + 1] = state
      done, answers[i] = done + 1, 1
    elseif records[i] and recorded_before(o, parse(states[i])) then
      answers[i] = 2
    end
  end
  if done > 0 then
    many('HSET', K.state, values)
    if #results > 0 then many('HSET', K.results, results) end
    flush()
    shift(worker, 0, -done)
  end
  return answers
end
