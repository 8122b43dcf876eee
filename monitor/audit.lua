-- audit.lua: finds what no other move would: a task that is assigned to or running on a worker which is not in the
-- inventory, or that does not stand on that worker's list, or on the set its state names; and puts it where it belongs.
-- Reads a slice of the state records. ARGV[1] cursor      ARGV[2] about how many to read      ARGV[3] ms after which
-- the record of a gone worker is dropped. Returns {next cursor, repaired ids ...}.

for _, worker in ipairs(redis.call('ZRANGEBYSCORE', K.gone, '-inf', int(now - tonumber(ARGV[3])), 'LIMIT', 0, 100)) do
  redis.call('DEL', K.status .. worker, K.processing .. worker, K.inbox .. worker, K.cancels .. worker)
  redis.call('ZREM', K.gone, worker)
end

local slice = redis.call('HSCAN', K.state, ARGV[1], 'COUNT', tonumber(ARGV[2]))
local answer, states = { slice[1] }, slice[2]

local function held(id, worker)
  if not redis.call('ZSCORE', K.workers, worker) then return false end
  return redis.call('LPOS', K.processing .. worker, id) ~= false
end

-- over is how a running task ends that nobody holds, where it is not to run again.
local function over(h, s)
  if s.stop == '1' then return 'x', 'canceled' end
  if s.stop ~= AHEAD and s.attempt >= h.most then return 'f', 'attempts_exhausted' end
end

without_memory()
local function repair(id, h, s)
  if s.code == 'a' or s.code == 'r' then
    if held(id, s.worker) then return false end
    count(h.queue, s.code, -1)
    if s.code == 'r' then
      redis.call('SREM', K.cancels .. s.worker, id)
      s.losses, s.error = s.losses + 1, 'found by the audit: worker ' .. s.worker .. ' does not hold it'
      note(id, s, 'lost', s.error)
      local code, reason = over(h, s)
      if code then
        finalize(id, h, s, code, reason)
        redis.call('HSET', K.state, id, format(s))
        return true
      end
    end
    if s.stop == AHEAD then s.attempt = s.attempt - 1 end
    s.code, s.assigned, s.started, s.stop = 'p', 0, 0, '0'
    redis.call('HSET', K.state, id, format(s))
    enqueue(id, h.queue, h.priority, true)
    return true
  end
  if s.code == 'p' or redis.call('ZSCORE', index[s.code], id) then return false end
  redis.call('ZADD', index[s.code], int(s.finished > 0 and s.finished or s.due), id)
  return true
end

for i = 1, #states, 2 do
  local id, s = states[i], parse(states[i + 1])
  local record = s.code and redis.call('HGET', K.tasks, id)
  if readable(record, states[i + 1]) and repair(id, header(record), s) then answer[#answer + 1] = id end
end
if #answer > 1 then
  flush()
  wake()
  commit()
end
return answer
