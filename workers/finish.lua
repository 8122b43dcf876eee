-- finish.lua: running -> completed, failed, retry, canceled, or pending where the attempt was released.
-- finish(worker, outcomes) records a batch and returns for each 1 recorded, 2 recorded before, 0 refused: the task is
-- not this worker's any more (fencing: the id must stand on its list, with its name and this attempt number).

-- recorded_before: the reply to this very report was lost, and it is sent again.
local function recorded_before(o, s)
  if s.worker ~= o.worker then return false end
  if o.kind == 'release' then return s.code == 'p' and s.attempt == o.attempt - 1 end
  return s.attempt == o.attempt and s.code ~= 'a' and s.code ~= 'r'
end

local results = {}

local function settle(o, h, s)
  local kind = s.stop == '1' and 'cancel' or o.kind
  if s.stop == '1' then redis.call('SREM', K.cancels .. o.worker, o.id) end
  if kind == 'ok' then
    s.error = ''
    finalize(o.id, h, s, 'c', '')
    if o.result ~= '' then
      results[#results + 1] = o.id
      results[#results + 1] = o.result
    end
    return
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

local function finish(worker, outcomes)
  local ids, answers, values, done = {}, {}, {}, 0
  for i, o in ipairs(outcomes) do ids[i] = o.id end
  local records, states = lookup(K.tasks, ids), lookup(K.state, ids)
  for i, o in ipairs(outcomes) do
    local s = parse(states[i])
    answers[i] = 0
    if records[i] and s.code == 'r' and s.worker == worker and s.attempt == o.attempt then
      if redis.call('LREM', K.processing .. worker, 1, o.id) == 1 then
        local h = header(records[i])
        count(h.queue, 'r', -1)
        settle(o, h, s)
        values[#values + 1] = o.id
        values[#values + 1] = format(s)
        done, answers[i] = done + 1, 1
      end
    elseif records[i] and recorded_before(o, s) then
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
