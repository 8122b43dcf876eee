-- requeue.lua: failed, canceled, retry or scheduled -> pending, by a user's word: redrive and run now. For try.lua; apply
-- says "pending", also where it is that already. A final task starts again at attempt 1; its history is kept.

local moved = 0

local function apply(id, h, s)
  if s.code == 'p' then return 'pending' end
  requeue(id, h, s)
  moved = moved + 1
  return 'pending', true
end

local function settle()
  if moved == 0 then return end
  flush()
  local _, more = assign(moved)
  if more then wake() end
end
