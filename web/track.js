/** The page track. */

import './avatar-rtc.js';
import { openStudio } from './studio.js';

openStudio();
