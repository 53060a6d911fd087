"""What a fax is and how facts about it become one answer; standard library only."""
