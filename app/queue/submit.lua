-- submit.lua: nothing -> pending or scheduled; then assign, where a worker has room.
-- ARGV[1] number of tasks, then ten each: id, priority, queue, type, max_attempts, retention ms (0: the default),
--   record from the payload's length on, payload where it does not stand in the record, delay ms, run_at ms.
-- Returns for each task 1 created, 0 known with the same payload, -1 known with another one.

local function payload_of(id, tail, large)
  local length, rest = string.match(tail, '^([%d-]+)|(.*)$')
  if length == '-' then return large or redis.call('HGET', K.payloads, id) end
  return string.sub(rest, 1, tonumber(length))
end

local function same_payload(id, record, tail, large)
  local old = string.match(record, '^%d|[^|]*|[^|]*|%d+|%d+|%d+|(.*)$')
  return old ~= nil and payload_of(id, old) == payload_of(id, tail, large)
end

local function write(task, records)
  local record = table.concat({ task.priority, task.queue, task.type, int(now), task.most, task.keep, task.tail }, '|')
  records[#records + 1] = task.id
  records[#records + 1] = record
  if task.large ~= '' then redis.call('HSET', K.payloads, task.id, task.large) end
  count(task.queue, 'S', 1)
  local due, stop = task.run_at, '0'
  if task.delay > 0 then due, stop = now + task.delay, DELAYED end
  if due <= now then return enqueue(task.id, task.queue, task.priority) end
  redis.call('HSET', K.state, task.id, 's|0|0||' .. int(due) .. '|0|0|0|' .. stop .. '||')
  redis.call('ZADD', K.scheduled, int(due), task.id)
  count(task.queue, 's', 1)
  if redis.call('ZRANK', K.scheduled, task.id) == 0 then wake() end
end

local tasks, ids = {}, {}
for i = 1, tonumber(ARGV[1]) do
  local a = (i - 1) * 10 + 1
  tasks[i] = { id = ARGV[a + 1], priority = ARGV[a + 2], queue = ARGV[a + 3], type = ARGV[a + 4], most = ARGV[a + 5],
    keep = ARGV[a + 6], tail = ARGV[a + 7], large = ARGV[a + 8], delay = tonumber(ARGV[a + 9]),
    run_at = tonumber(ARGV[a + 10]) }
  ids[i] = tasks[i].id
end

local known, fresh, answers, records, recent = lookup(K.tasks, ids), {}, {}, {}, {}
for i, task in ipairs(tasks) do
  local twin = fresh[task.id]
  if twin then
    local same = payload_of(task.id, twin.tail, twin.large) == payload_of(task.id, task.tail, task.large)
    answers[i] = same and 0 or -1
  elseif known[i] then
    answers[i] = same_payload(task.id, known[i], task.tail, task.large) and 0 or -1
  else
    fresh[task.id], answers[i] = task, 1
    write(task, records)
    recent[#recent + 1] = task.id
  end
end

if #recent > 0 then
  many('HSET', K.tasks, records)
  flush()
  if many('LPUSH', K.recent, recent) > RECENT_TASKS + 500 then redis.call('LTRIM', K.recent, 0, RECENT_TASKS - 1) end
  local _, more = assign(#recent)
  if more then wake() end
  commit()
end
return answers
