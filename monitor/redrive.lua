-- redrive.lua: failed -> pending, for the redrive of a group: one task, then ten more, then the rest. A stage begins when
-- all of the one before ended; it stops when more than a tenth of what ended had an error again, of the first eleven at
-- most one. Every number stands in the record, so any monitor may take the next step, and two of them do it once.
-- ARGV[1] id of the redrive      ARGV[2] most tasks of it that run again at once, and that one step moves
-- Returns {} where there was nothing to do, else {group, state, reason, ended, failed again}.

local id, most = ARGV[1], tonumber(ARGV[2])
local key, waiting_key, open_key = K.redrive .. id, K.redrive_ids .. id, K.redrive_now .. id
local r = redis.call('HMGET', key, 'state', 'stage', 'until', 'total', 'ok', 'failed', 'skipped', 'group', 'asked')
if r[1] ~= 'running' then return {} end
local stage, till, total = tonumber(r[2]), tonumber(r[3]), tonumber(r[4])
local ok, failed, skipped, group, asked = tonumber(r[5]), tonumber(r[6]), tonumber(r[7]), r[8], r[9] == '1'
local upto = { 1, 11 } -- tasks that have had their turn when a stage is over

-- fate is what became of a task that was redriven: any attempt that did not end well counts, though a later one may.
local fate_of = { c = 'ok', f = 'failed', y = 'failed', x = 'skipped' }
local function fate(record, state)
  if not readable(record, state) then return 'skipped' end
  local s = parse(state)
  local tried = s.attempt - ((s.code == 'r' or s.code == 'c') and 1 or 0)
  if s.code ~= 'x' and tried > 0 then return 'failed' end
  return fate_of[s.code] or 'open'
end

local before, open, changed = redis.call('LRANGE', open_key, 0, -1), {}, false
local records, states = lookup(K.tasks, before), lookup(K.state, before)
for i, task in ipairs(before) do
  local what = fate(records[i], states[i])
  if what == 'open' then open[#open + 1] = task end
  if what == 'ok' then ok = ok + 1 elseif what == 'failed' then failed = failed + 1 elseif what ~= 'open' then skipped = skipped + 1 end
  changed = changed or what ~= 'open'
end

local ended, state, reason = ok + failed, 'running', ''
if failed * 10 > math.max(ended, math.min(upto[stage] or upto[2], total)) then
  state, reason = 'stopped', 'failing'
elseif asked then
  state, reason = 'stopped', 'asked'
end
while state == 'running' and upto[stage] and ended >= upto[stage] do
  stage, changed = stage + 1, true
end

-- Those whose turn it is: failed since they were counted, and not anew.
local function take()
  local room = upto[stage] and math.min(upto[stage] - ended, most) - #open or most - #open
  if state ~= 'running' or room <= 0 then return {}, 0 end
  local ids = redis.call('LRANGE', waiting_key, 0, math.min(most, 2 * room + 20) - 1)
  local their_records, their_states, taken, seen = lookup(K.tasks, ids), lookup(K.state, ids), {}, 0
  for i, task in ipairs(ids) do
    if #taken == room then break end
    seen = i
    local s = their_states[i] and readable(their_records[i], their_states[i]) and parse(their_states[i])
    if s and s.code == 'f' and s.finished <= till then
      taken[#taken + 1] = { id = task, h = header(their_records[i]), s = s }
    else
      skipped = skipped + 1
    end
  end
  return taken, seen
end

local taken, seen = take()
for _, task in ipairs(taken) do
  requeue(task.id, task.h, task.s)
  open[#open + 1] = task.id
end
if seen > 0 then redis.call('LTRIM', waiting_key, seen, -1) end
local waiting = redis.call('LLEN', waiting_key)
if state == 'running' and waiting == 0 and #open == 0 then state = 'done' end
if not changed and seen == 0 and state == 'running' then return {} end

redis.call('HSET', key, 'state', state, 'reason', reason, 'stage', stage, 'ok', ok, 'failed', failed, 'skipped', skipped,
  'waiting', waiting, 'open', #open)
redis.call('DEL', open_key)
if state == 'running' then
  many('RPUSH', open_key, open)
else
  redis.call('HSET', key, 'ended', now_text)
  redis.call('PEXPIRE', key, retention({ keep = 0 }, 'f'))
  redis.call('DEL', waiting_key)
  redis.call('HDEL', K.redriving, group)
end
flush()
if #taken > 0 then
  local _, more = assign(#taken)
  if more then wake() end
end
commit()
return { group, state, reason, ended, failed }
