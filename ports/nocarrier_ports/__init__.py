"""What differs from device to device: links, flash files, the run loop, the handset. Import the module you need."""
