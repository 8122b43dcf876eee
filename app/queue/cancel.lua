-- cancel.lua: any state before the end -> canceled. A running task is asked to stop: its worker cancels its context,
-- and whatever it reports then is recorded as canceled. For try.lua; apply says "canceled" or "asked".

local told, freed = {}, 0

local function ask(id, s)
  if s.stop == '1' then return 'asked' end
  s.stop = '1'
  redis.call('HSET', K.state, id, format(s))
  redis.call('SADD', K.cancels .. s.worker, id)
  if not told[s.worker] then redis.call('RPUSH', K.inbox .. s.worker, 'cancel') end
  told[s.worker] = true
  return 'asked', true
end

local function apply(id, h, s)
  without_memory()
  if s.code == 'r' then return ask(id, s) end
  count(h.queue, s.code, -1)
  if s.code == 'p' then
    unlist(id, h)
  elseif s.code == 'a' then
    redis.call('LREM', K.processing .. s.worker, 1, id)
    if redis.call('EXISTS', K.status .. s.worker) == 1 then shift(s.worker, -1, 0) end
  else
    redis.call('ZREM', index[s.code], id)
  end
  finalize(id, h, s, 'x', 'canceled')
  redis.call('HSET', K.state, id, format(s))
  freed = freed + 1
  return 'canceled', true
end

local function settle()
  if freed > 0 and assign(freed) > 0 then wake() end
end
