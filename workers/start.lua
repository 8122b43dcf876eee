-- start.lua: assigned -> running, the oldest first. start(worker, want) returns four strings a task: id, record, state
-- record, payload where it does not stand in the record. The started ones stand first on the list, so only
-- its end is read.

local function lease(answer, id, record, state)
  answer[#answer + 1] = id
  answer[#answer + 1] = record
  answer[#answer + 1] = state
  local length = string.match(record, '^%d|[^|]*|[^|]*|%d+|%d+|%d+|([%d-]+)|')
  answer[#answer + 1] = length == '-' and redis.call('HGET', K.payloads, id) or ''
end

local function start(worker, want)
  local waiting = tonumber(redis.call('HGET', K.status .. worker, 'assigned') or 0)
  if waiting <= 0 or want <= 0 then return {} end
  local ids = redis.call('LRANGE', K.processing .. worker, -waiting, math.min(want - waiting, 0) - 1)
  local records, states, answer, values = lookup(K.tasks, ids), lookup(K.state, ids), {}, {}
  for i, id in ipairs(ids) do
    local s = parse(states[i])
    if records[i] and s.code == 'a' and s.worker == worker then
      s.code, s.attempt, s.started = 'r', s.attempt + 1, now
      local state = format(s)
      values[#values + 1] = id
      values[#values + 1] = state
      lease(answer, id, records[i], state)
      local queue = string.match(records[i], '^%d|([^|]*)|')
      count(queue, 'a', -1)
      count(queue, 'r', 1)
    end
  end
  if #values > 0 then
    many('HSET', K.state, values)
    shift(worker, -#values / 2, #values / 2)
  end
  return answer
end

-- adopt reads what runs on the list already: a worker that lost a reply compares it with what it knows.
local function adopt(worker)
  local ids, answer = redis.call('LRANGE', K.processing .. worker, 0, -1), {}
  local records, states = lookup(K.tasks, ids), lookup(K.state, ids)
  for i, id in ipairs(ids) do
    if records[i] and states[i] and string.sub(states[i], 1, 1) == 'r' then
      lease(answer, id, records[i], states[i])
    end
  end
  return answer
end
