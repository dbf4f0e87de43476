"""Who acts: learners, observers and classic models behind one interface."""
