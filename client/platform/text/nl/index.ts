/** The Dutch catalogue: the first language, B1, complete. An area per file. */
import { common } from './common.ts'
import { workbench } from './workbench.ts'
import { sync } from './sync.ts'
import { people } from './people.ts'
import { fields } from './fields.ts'
import { items } from './items.ts'
import { agreements } from './agreements.ts'
import { meetings } from './meetings.ts'
import { progress } from './progress.ts'
import { acts } from './acts.ts'
import { conflicts } from './conflicts.ts'
import { search } from './search.ts'
import { settings } from './settings.ts'
import { problems } from './problems.ts'
import { timeline } from './timeline.ts'
import { errors } from './errors.ts'

export const nl = { common, workbench, sync, people, fields, items, agreements, meetings, progress, acts, conflicts, search, settings, problems, timeline, errors }
