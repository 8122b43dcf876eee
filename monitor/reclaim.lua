-- reclaim.lua: a worker that was silent for too long -> lost; assigned, running -> pending at the head, in order; or
-- failed after too many lost workers or attempts, or canceled where that was asked. The whole list goes in one script.
-- Poison takes its worker down, and its neighbours with it. So the task that started last on the worker, alone, is failed
-- when it has lost as many as ARGV[2], and any other when it has lost twice as many or has no attempt left. Of several
-- suspects on one worker, which have lost all but one, the first goes to pending and the others to retry, a while apart:
-- so that they meet no more.
-- ARGV[1] worker time-out ms      ARGV[2] most lost workers a task may have
-- Returns {} or {worker, silent ms, requeued, ended}. Where nobody looked for a quarter of the time-out, Redis was away
-- or its clock jumped, and all are given one more lease to show that they live: of their own lease they have by then
-- spent that quarter, a heartbeat's interval, and the wait before they try again. While they have it no other is given:
-- a Redis that stalls again and again would else hide every death.

local timeout = tonumber(ARGV[1])
local m = redis.call('HMGET', K.meta, 'monitor', 'grace')
local last, grace = tonumber(m[1] or now), tonumber(m[2] or 0)
without_memory()
redis.call('HSET', K.meta, 'monitor', int(now))
if (now - last > timeout / 4 and now >= grace) or now < last then
  grace = now + timeout
  redis.call('HSET', K.meta, 'grace', int(grace))
end
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', K.workers, '(' .. int(now), '+inf')) do
  redis.call('ZADD', K.workers, int(now), worker)
end
if now < grace and grace - now <= timeout then return {} end
local silent = redis.call('ZRANGEBYSCORE', K.workers, '-inf', '(' .. int(now - timeout), 'WITHSCORES', 'LIMIT', 0, 1)
if #silent == 0 then return {} end

local worker, requeued, over, suspects = silent[1], 0, 0, 0
-- apart is how long the next suspect waits: until a worker that this one takes down has been found lost. After twelve
-- they come together: a worker with many slots that died twice has many suspects, and most are innocent.
local apart, most_apart = 2 * timeout, 12

local function set_apart(id, h, s)
  s.code, s.due = 'y', now + math.min(suspects, most_apart) * apart
  redis.call('ZADD', K.retry, int(s.due), id)
  count(h.queue, 'y', 1)
end

local most_losses = tonumber(ARGV[2])
local ids = redis.call('LRANGE', K.processing .. worker, 0, -1)
local records, states = lookup(K.tasks, ids), lookup(K.state, ids)

-- latest is when the last task began that ran on the worker, and how many began then.
local latest = { at = -1, n = 0 }
for i in ipairs(ids) do
  local s = parse(states[i])
  if s.code == 'r' and s.worker == worker then
    if s.started > latest.at then latest = { at = s.started, n = 0 } end
    if s.started == latest.at then latest.n = latest.n + 1 end
  end
end

local function poison(s)
  local last = latest.n == 1 and s.started == latest.at
  return s.losses >= (last and most_losses or 2 * most_losses)
end

-- not_begun is a task that was fetched ahead: whether it began is not known, so it spends no attempt.
local function not_begun(id, h, s)
  count(h.queue, 'r', -1)
  s.code, s.attempt, s.losses, s.stop, s.assigned, s.started = 'p', s.attempt - 1, s.losses + 1, '0', 0, 0
  silenced[#silenced + 1] = id
  enqueue(id, h.queue, h.priority, true)
  redis.call('HSET', K.state, id, format(s))
end

local function lose(id, h, s)
  count(h.queue, 'r', -1)
  s.losses, s.error = s.losses + 1, 'worker ' .. worker .. ' was lost'
  note(id, s, 'lost', s.error)
  if s.stop == '1' then
    finalize(id, h, s, 'x', 'canceled')
  elseif poison(s) then
    finalize(id, h, s, 'f', 'worker_lost')
  elseif s.attempt >= h.most then
    finalize(id, h, s, 'f', 'attempts_exhausted')
  else
    s.assigned, s.started = 0, 0
    silenced[#silenced + 1] = id
    local suspect = s.losses >= most_losses - 1
    if suspect and suspects > 0 then
      set_apart(id, h, s)
    else
      s.code = 'p'
      enqueue(id, h.queue, h.priority, true)
    end
    if suspect then suspects = suspects + 1 end
  end
  redis.call('HSET', K.state, id, format(s))
  return s.code == 'p' or s.code == 'y'
end

-- note_drill tells the drill that the worker stopped for, if any, when it was declared lost and what it held; a task that it
-- was given since it stopped counts as well.
local function note_drill(held)
  local drill = redis.call('HGET', K.status .. worker, 'drill')
  if not drill or redis.call('EXISTS', K.drill .. drill) == 0 then return end
  local key, tasks, added = K.drill .. drill, K.drill_tasks .. drill, 0
  for _, id in ipairs(held) do added = added + redis.call('HSETNX', tasks, id, '') end
  redis.call('PEXPIRE', tasks, redis.call('PTTL', key))
  redis.call('HINCRBY', key, redis.call('HEXISTS', key, 'stopped') == 1 and 'given' or 'held', added)
  redis.call('HSET', key, 'lost_at', now_text)
end

for i, id in ipairs(ids) do
  local s = parse(states[i])
  if not readable(records[i], states[i]) then
    put_aside(id, records[i] and string.match(records[i], '^%d|([^|]*)|'), string.match(states[i] or '', '^([ar])|'))
  elseif s.worker == worker and s.code == 'a' then
    take_back(id, header(records[i]), s)
    requeued = requeued + 1
  elseif s.worker == worker and s.code == 'r' and s.stop == AHEAD then
    not_begun(id, header(records[i]), s)
    requeued = requeued + 1
  elseif s.worker == worker and s.code == 'r' then
    if lose(id, header(records[i]), s) then requeued = requeued + 1 else over = over + 1 end
  end
end
redis.call('HSET', K.status .. worker, 'requeued', requeued)
note_drill(ids)
retire(worker, 'lost')
flush()
wake()
commit()
return { worker, int(now - tonumber(silent[2])), requeued, over }
