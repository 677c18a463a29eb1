/** The page settings. */

import './avatar-rtc.js';
import { openStudio } from './studio.js';

openStudio();
