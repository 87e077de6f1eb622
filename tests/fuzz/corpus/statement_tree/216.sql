select h from k where old
