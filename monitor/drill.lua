-- drill.lua: counts what became of the tasks that a worker held when it stopped for a drill. It moves none: that they run
-- again is the work of reclaim and assign. An id whose task ended is counted and forgotten; every other is looked for where
-- its state says that it stands, and is lost where it does not, or where Redis knows no such task. Two monitors count once.
-- ARGV[1] id of the drill. Returns {worker, lost, run again} where the last task had its turn just now, else {}.

local drill = ARGV[1]
local key, tasks_key = K.drill .. drill, K.drill_tasks .. drill
local d = redis.call('HMGET', key, 'worker', 'stopped', 'lost_at', 'recovered', 'waiting', 'running', 'ended', 'again',
  'unrun', 'lost')
local worker = d[1]
if not worker then -- its time is over
  redis.call('SREM', K.drilling, drill)
  return {}
end
if not d[3] then -- nobody missed the worker yet, or it left by itself before it heard of the drill
  if not redis.call('ZSCORE', K.workers, worker) then
    redis.call('HSET', key, 'void', '1')
    redis.call('SREM', K.drilling, drill)
    commit()
  end
  return {}
end

-- stands tells whether an id is on the list or set that its state names. Each list is read once. Of a very long queue only
-- the head is looked at, where reclaim put it: what is not there may stand behind, and is not called lost.
local deep, lists = 10000, {}
local function on_list(list, id)
  if not lists[list] then
    local there = { whole = redis.call('LLEN', list) <= deep }
    for _, other in ipairs(redis.call('LRANGE', list, 0, deep - 1)) do there[other] = true end
    lists[list] = there
  end
  return lists[list][id] or not lists[list].whole
end

local function stands(id, h, s)
  if s.code == 'a' or s.code == 'r' then return on_list(K.processing .. s.worker, id) end
  if s.code ~= 'p' then return redis.call('ZSCORE', index[s.code], id) end
  return on_list(lane_key(h.queue, h.priority), id) or on_list(lane_key(h.queue, h.priority .. '@' .. h.type), id)
end

local final = { c = true, f = true, x = true }
local ended, again, unrun = tonumber(d[7] or 0), tonumber(d[8] or 0), tonumber(d[9] or 0)
local waiting, running, lost, untouched = 0, 0, 0, 0
local marks, over = {}, {}

-- see counts one task; ran says that it was seen to run again before.
local function see(id, ran, record, state)
  if not readable(record, state) then
    lost = lost + 1
    return
  end
  local h, s = header(record), parse(state)
  if not ran and s.code ~= 'p' and s.code ~= 'a' and s.worker ~= '' and s.worker ~= worker then
    ran, again = true, again + 1
    marks[#marks + 1] = id
    marks[#marks + 1] = '1'
  end
  if not stands(id, h, s) then
    lost = lost + 1
  elseif final[s.code] then
    over[#over + 1] = id
    ended = ended + 1
    if not ran then unrun = unrun + 1 end
  else
    if s.code == 'r' then running = running + 1 else waiting = waiting + 1 end
    if not ran then untouched = untouched + 1 end
  end
end

local flat = redis.call('HGETALL', tasks_key)
local ids = {}
for i = 1, #flat, 2 do ids[#ids + 1] = flat[i] end
local records, states = lookup(K.tasks, ids), lookup(K.state, ids)
for i, id in ipairs(ids) do see(id, flat[2 * i] == '1', records[i], states[i]) end

local counts = { waiting, running, ended, again, unrun, lost }
local changed, first = false, untouched == 0 and not d[4]
for i, n in ipairs(counts) do changed = changed or tonumber(d[4 + i] or -1) ~= n end
many('HSET', tasks_key, marks)
many('HDEL', tasks_key, over)
if changed or first then
  redis.call('HSET', key, 'waiting', waiting, 'running', running, 'ended', ended, 'again', again, 'unrun', unrun, 'lost', lost)
  if first then redis.call('HSET', key, 'recovered', now_text) end
  commit()
end
if waiting + running == 0 then redis.call('SREM', K.drilling, drill) end
return first and { worker, lost, again } or {}
