"""The shapes that go in and come out. They check form; what the clinic allows is the services' to say."""
