/** The page pose. */

import './avatar-rtc.js';
import { openStudio } from './studio.js';

openStudio();
